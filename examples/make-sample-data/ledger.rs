//! The extract from the general ledger: what is neither cloud, licence nor own staff.
//! Semicolons, dd/mm/yyyy, 1,234.56, and accruals that are turned round a month later.

use std::error::Error;

use crate::calendar::Period;
use crate::random::Random;
use crate::tables::{Control, Folder, decimal, ledger_amount, row};

/// Account, name, pool, tower, service (blank: left to the rules).
#[rustfmt::skip]
const ACCOUNTS: [[&str; 5]; 16] = [
    ["0450", "Depreciation - servers", "Hardware", "Compute", ""],
    ["0455", "Depreciation - storage", "Hardware", "Storage", ""],
    ["0460", "Depreciation - end user devices", "Hardware", "Workplace", "Workplace Devices"],
    ["0470", "Depreciation - network", "Hardware", "Network", "Network Backbone"],
    ["6100", "Data centre rent", "Data Centre", "Data Centre", "Data Centre Hosting"],
    ["6110", "Data centre power", "Data Centre", "Data Centre", "Data Centre Hosting"],
    ["6120", "Data centre maintenance", "Data Centre", "Data Centre", "Data Centre Hosting"],
    ["6200", "Wide area network", "Telecom", "Network", "Network Backbone"],
    ["6210", "Voice lines and calls", "Telecom", "Workplace", "Telephony"],
    ["6220", "Mobile contracts", "Telecom", "Workplace", "Telephony"],
    ["6300", "Application support", "Outside Services", "Application", ""],
    ["6310", "Consulting", "Outside Services", "IT Management", ""],
    ["6320", "Outsourced service desk", "Outside Services", "Workplace", "Service Desk"],
    ["6330", "Security testing and monitoring", "Outside Services", "Security", "Security Operations"],
    ["6400", "Offices of IT", "Facilities", "IT Management", "IT Management"],
    ["6420", "Print and post rooms", "Facilities", "Workplace", "Print & Post"],
];

/// Cost centre, name, service of its application support.
#[rustfmt::skip]
const COST_CENTRES: [[&str; 3]; 16] = [
    ["4100", "Motor Claims", "Claims Processing"],
    ["4200", "Home & Property", "Home Policy Admin"],
    ["4300", "Life & Pensions", "Pensions Administration"],
    ["7010", "IT Infrastructure", ""],
    ["7020", "IT Network", ""],
    ["7030", "IT Workplace", ""],
    ["7040", "IT Service Desk", ""],
    ["7110", "IT Claims Systems", "Claims Processing"],
    ["7115", "IT Claims Archive", "Legacy Claims Archive"],
    ["7120", "IT Policy Systems", "Motor Policy Admin"],
    ["7130", "IT Life Systems", "Life Administration"],
    ["7140", "IT Digital", "Customer Portal"],
    ["7150", "IT Finance Systems", "General Ledger"],
    ["7160", "IT Data", "Data Warehouse"],
    ["7200", "IT Security", ""],
    ["7900", "IT Management", ""],
];

/// How a cost reaches the ledger.
#[derive(Clone, Copy)]
enum Booked {
    /// The same every month.
    Fixed,
    /// An invoice that moves, by thousandths.
    Invoice(i64),
    /// Accrued at the end of the month, turned round and invoiced in the next one.
    Accrued(i64),
    /// Fixed, and more from October on, in thousandths: new equipment in use.
    GrowsInOctober(i64),
}
use Booked::{Accrued, Fixed, GrowsInOctober, Invoice};

/// Account, cost centre, text, pounds a month, how it is booked.
struct Cost(&'static str, &'static str, &'static str, i64, Booked);

#[rustfmt::skip]
const COSTS: [Cost; 58] = [
    Cost("0450", "7010", "Virtual server hosts, Poole", 38_400, Fixed),
    Cost("0450", "7010", "Virtual server hosts, Leeds", 24_900, Fixed),
    Cost("0450", "7010", "Database appliances", 17_250, Fixed),
    Cost("0455", "7010", "Storage arrays, Poole", 23_800, GrowsInOctober(165)),
    Cost("0455", "7010", "Storage arrays, Leeds", 15_600, Fixed),
    Cost("0455", "7010", "Archive store", 4_150, Fixed),
    Cost("0460", "7030", "Laptops", 41_300, GrowsInOctober(42)),
    Cost("0460", "7030", "Screens and docks", 9_850, Fixed),
    Cost("0460", "7030", "Mobile phones", 6_700, Fixed),
    Cost("0460", "7030", "Meeting room screens", 3_120, Fixed),
    Cost("0470", "7020", "Core switches", 13_900, Fixed),
    Cost("0470", "7020", "Branch routers", 8_450, Fixed),
    Cost("0470", "7020", "Wireless", 5_200, Fixed),
    Cost("6100", "7010", "Poole hall 2, rent", 71_500, Fixed),
    Cost("6100", "7010", "Leeds colocation, 24 racks", 43_200, Fixed),
    Cost("6100", "7010", "Media safe", 1_450, Fixed),
    Cost("6110", "7010", "Power, Poole", 62_000, Accrued(70)),
    Cost("6110", "7010", "Power, Leeds", 27_500, Accrued(60)),
    Cost("6110", "7010", "Cooling water", 2_150, Invoice(90)),
    Cost("6120", "7010", "Generators and UPS", 9_600, Invoice(140)),
    Cost("6120", "7010", "Fire systems", 2_800, Fixed),
    Cost("6120", "7010", "Server maintenance", 14_300, Fixed),
    Cost("6120", "7010", "Remote hands", 3_900, Invoice(250)),
    Cost("6200", "7020", "Data centre links", 34_500, Fixed),
    Cost("6200", "7020", "Branch lines", 41_800, Invoice(25)),
    Cost("6200", "7020", "Internet access", 16_200, Fixed),
    Cost("6200", "7020", "Cloud connections", 12_700, Invoice(40)),
    Cost("6200", "7020", "Broker extranet", 5_900, Fixed),
    Cost("6210", "7030", "Contact centre lines", 31_600, Accrued(80)),
    Cost("6210", "7030", "Freephone numbers", 12_400, Invoice(110)),
    Cost("6210", "7030", "Call recording", 7_300, Fixed),
    Cost("6210", "7030", "Conference calls", 2_050, Invoice(150)),
    Cost("6220", "7030", "Mobile contracts", 19_700, Invoice(30)),
    Cost("6220", "7030", "Roaming", 1_900, Invoice(300)),
    Cost("6220", "7030", "Data cards of loss adjusters", 3_450, Invoice(50)),
    Cost("6300", "7110", "Claims suite, application support", 42_000, Accrued(60)),
    Cost("6300", "7115", "Claims archive, last support year", 6_800, Fixed),
    Cost("6300", "7120", "Policy systems, application support", 37_500, Accrued(50)),
    Cost("6300", "7130", "Life systems, application support", 28_400, Accrued(50)),
    Cost("6300", "7140", "Digital, design and build agency", 24_600, Invoice(220)),
    Cost("6300", "7150", "Finance system, application support", 16_900, Fixed),
    Cost("6300", "7160", "Data platform, managed service", 22_300, Invoice(70)),
    Cost("6300", "4100", "Repair estimate interface, ordered by the unit", 8_700, Invoice(120)),
    Cost("6300", "4200", "Flood model interface, ordered by the unit", 5_400, Invoice(120)),
    Cost("6300", "4300", "Pension tracing service, ordered by the unit", 6_100, Invoice(120)),
    Cost("6310", "7900", "Data platform move, advisers", 26_000, Accrued(180)),
    Cost("6310", "7900", "Payments review", 14_500, Invoice(200)),
    Cost("6310", "7900", "Architecture review", 11_200, Invoice(250)),
    Cost("6310", "7900", "Service reviews", 4_300, Invoice(100)),
    Cost("6320", "7040", "Service desk, evenings and weekends", 38_200, Accrued(90)),
    Cost("6320", "7040", "Desk-side support, branches", 21_700, Fixed),
    Cost("6330", "7200", "Security monitoring, night watch", 26_500, Fixed),
    Cost("6330", "7200", "Penetration tests", 13_800, Invoice(350)),
    Cost("6400", "7900", "Offices of IT, rent and service", 47_500, Fixed),
    Cost("6400", "7900", "Training and travel", 13_600, Invoice(280)),
    Cost("6400", "7900", "Memberships", 2_400, Fixed),
    Cost("6420", "7030", "Print room", 11_900, Invoice(60)),
    Cost("6420", "7030", "Franking and courier", 8_200, Invoice(120)),
];

pub(crate) fn write_maps(folder: &Folder) -> Result<(), Box<dyn Error>> {
    folder.csv(
        "ledger-map.csv",
        &["Account", "Account name", "Pool", "Tower", "Service"],
        ACCOUNTS.into_iter().map(row),
    )?;
    folder.csv("cost-centres.csv", &["Cost centre", "Name", "Service"], COST_CENTRES.into_iter().map(row))
}

struct Posting {
    cost: &'static Cost,
    text: String,
    day: i64,
    pence: i64,
}

/// The control total is the sum of the postings, accruals and their reversals included.
pub(crate) fn write_extract(month: &Folder, period: &Period) -> Result<Control, Box<dyn Error>> {
    let mut postings = Vec::new();
    for (place, cost) in COSTS.iter().enumerate() {
        post(&mut postings, place, cost, period);
    }
    let total: i64 = postings.iter().map(|p| p.pence).sum();
    let headings = ["Document", "Cost centre", "Account", "Account name", "Text", "Amount", "Posting date"];
    let rows = (1..).zip(&postings).map(|(number, posting)| {
        let Cost(account, cost_centre, ..) = posting.cost;
        let name = ACCOUNTS.iter().find(|a| a[0] == *account).map_or("", |a| a[1]);
        let document = format!("19{:02}{number:05}", period.month);
        row([
            &document,
            cost_centre,
            account,
            name,
            &posting.text,
            &ledger_amount(posting.pence),
            &period.uk(posting.day),
        ])
    });
    month.delimited("ledger.csv", b';', &headings, rows)?;
    Ok(Control {
        source: "ledger",
        total: decimal(total, 2),
        rows: postings.len(),
        says: "balance of the accounts of IT",
    })
}

fn post(postings: &mut Vec<Posting>, place: usize, cost: &'static Cost, period: &Period) {
    let Cost(_, _, text, pounds, booked) = cost;
    let base = pounds * 100;
    let mut add = |text: String, day, pence| {
        postings.push(Posting { cost, text, day, pence });
    };
    match *booked {
        Fixed => add((*text).to_string(), 1, base),
        GrowsInOctober(more) => {
            add((*text).to_string(), 1, if period.month >= 10 { base * (1000 + more) / 1000 } else { base });
        }
        Invoice(moves) => {
            let mut random = Random::stream(&format!("ledger {place} {}", period.month));
            let day = random.between(3, 26);
            add((*text).to_string(), day, random.around(base, moves));
        }
        Accrued(moves) => {
            let before = period.month - 1;
            let estimate = |month: i64| Random::stream(&format!("accrual {place} {month}")).around(base, moves);
            let mut random = Random::stream(&format!("ledger {place} {before}"));
            let invoice = random.around(estimate(before), 30) + random.between(-99, 99);
            add(format!("Reversal of accrual {before:02}/{}; {text}", period.year), 1, -estimate(before));
            add(format!("{text}, {before:02}/{}", period.year), random.between(8, 24), invoice);
            add(format!("Accrual {:02}/{}; {text}", period.month, period.year), period.days, estimate(period.month));
        }
    }
}
