//! The licence list: a workbook as the licence manager keeps it, with a title above and a total below.
//! Vendors and products are invented.

use std::error::Error;

use crate::calendar::Period;
use crate::company::{SERVICES, owner};
use crate::random::Random;
use crate::tables::{Cell, Control, Folder, Sheet, decimal};

/// Vendor, product, service by its code (blank: left to the rules), what is counted, how many, pence each a month.
struct Licence(&'static str, &'static str, &'static str, &'static str, i64, i64);

#[rustfmt::skip]
const LICENCES: [Licence; 62] = [
    Licence("Alder Office", "Alder Suite E5", "", "Users", 2310, 3265),
    Licence("Alder Office", "Alder Suite F3 (frontline)", "", "Users", 420, 715),
    Licence("Alder Office", "Alder Rooms", "room", "Rooms", 64, 3180),
    Licence("Alder Office", "Alder Voice", "tel", "Users", 1480, 690),
    Licence("Ashby Mail", "Ashby Secure Mail", "", "Users", 2690, 165),
    Licence("Bastion Cyber", "Bastion Endpoint", "", "Devices", 2850, 498),
    Licence("Bastion Cyber", "Bastion Log Analytics", "", "GB a day", 240, 7420),
    Licence("Beckett Legal", "Beckett Matters", "legal", "Users", 62, 9875),
    Licence("Bramley Data", "Bramley Warehouse", "dwh", "Credits", 18400, 214),
    Licence("Bramley Data", "Bramley Catalogue", "dwh", "Users", 85, 6150),
    Licence("Caldera Systems", "Caldera Database Enterprise", "clm-core", "Cores", 48, 32250),
    Licence("Caldera Systems", "Caldera Database Enterprise", "pol-motor", "Cores", 40, 32250),
    Licence("Caldera Systems", "Caldera Database Enterprise", "life-admin", "Cores", 32, 32250),
    Licence("Caldera Systems", "Caldera Database Standard", "reins", "Cores", 8, 17800),
    Licence("Caldera Systems", "Caldera Integration Bus", "esb", "Cores", 24, 39800),
    Licence("Chandler ERP", "Chandler Finance", "erp", "Users", 310, 9240),
    Licence("Chandler ERP", "Chandler Procure", "p2p", "Users", 540, 2985),
    Licence("Chandler ERP", "Chandler Consolidation", "erp", "Entities", 9, 84500),
    Licence("Cobalt People", "Cobalt HR", "hrp", "Employees", 2480, 842),
    Licence("Cobalt People", "Cobalt Payroll", "hrp", "Payslips", 2480, 296),
    Licence("Compass Monitor", "Compass Observe", "obs", "Hosts", 870, 1930),
    Licence("Compass Monitor", "Compass Synthetic Checks", "obs", "Checks", 150, 1240),
    Licence("Denholm Claims", "Denholm Claims Suite", "clm-core", "Users", 690, 8480),
    Licence("Denholm Claims", "Denholm Supplier Network", "clm-core", "Orders", 5200, 184),
    Licence("Denholm Claims", "Denholm Archive Viewer", "clm-old", "Users", 40, 7650),
    Licence("Dunmore Print", "Dunmore Output", "prt", "Pages, thousand", 1250, 318),
    Licence("Ellery Backup", "Ellery Protect", "bkp", "TB", 940, 1685),
    Licence("Fairlead CRM", "Fairlead Sales", "crm", "Users", 265, 9450),
    Licence("Fairlead CRM", "Fairlead Service", "portal", "Users", 180, 10620),
    Licence("Gantry Fraud", "Gantry Claims Intelligence", "fraud", "Claims", 9800, 232),
    Licence("Gantry Fraud", "Gantry Network Graph", "fraud", "Nodes", 12, 91500),
    Licence("Halyard Rating", "Halyard Rate Server", "rating", "Quotes, thousand", 2350, 915),
    Licence("Harrow Actuarial", "Harrow Projection", "actuarial", "Cores", 220, 9240),
    Licence("Harrow Actuarial", "Harrow Reserving", "actuarial", "Users", 34, 31500),
    Licence("Ironbridge ITSM", "Ironbridge Service Management", "desk", "Agents", 148, 9980),
    Licence("Ironbridge ITSM", "Ironbridge Asset Register", "itm", "Assets", 6100, 88),
    Licence("Keystone Identity", "Keystone Workforce", "iam", "Users", 2780, 486),
    Licence("Keystone Identity", "Keystone Privileged Access", "iam", "Administrators", 190, 4850),
    Licence("Keystone Identity", "Keystone Customer Login", "portal", "Logins, thousand", 640, 2140),
    Licence("Langton Docs", "Langton Archive", "dms", "Documents, thousand", 18200, 98),
    Licence("Langton Docs", "Langton Templates", "dms", "Users", 720, 845),
    Licence("Marlowe Policy", "Marlowe Motor", "pol-motor", "Policies, thousand", 318, 11650),
    Licence("Marlowe Policy", "Marlowe Home", "pol-home", "Policies, thousand", 241, 11650),
    Licence("Marlowe Policy", "Marlowe Underwriter", "uww", "Users", 132, 11950),
    Licence("Nimbus Network", "Nimbus Traffic Manager", "net", "Gbit/s", 60, 31200),
    Licence("Nimbus Network", "Nimbus Firewall", "net", "Appliances", 22, 49500),
    Licence("Oakham Life", "Oakham Life Administration", "life-admin", "Policies, thousand", 402, 7480),
    Licence("Oakham Life", "Oakham Pensions", "pens-admin", "Members, thousand", 186, 11250),
    Licence("Pavilion Pay", "Pavilion Gateway", "pay", "Payments, thousand", 1480, 1165),
    Licence("Quillon Test", "Quillon Test Studio", "tst", "Users", 120, 7240),
    Licence("Quillon Test", "Quillon Pipelines", "tst", "Minutes, thousand", 410, 1850),
    Licence("Redcar Telematics", "Redcar Driving Score", "telem", "Vehicles", 41500, 46),
    Licence("Regent Solvency", "Regent Reporting", "regrep", "Entities", 9, 154_000),
    Licence("Sable Analytics", "Sable Studio", "analytics", "Users", 140, 14200),
    Licence("Sable Analytics", "Sable Dashboards", "analytics", "Users", 860, 1490),
    Licence("Selwyn Broker", "Selwyn Broker Exchange", "broker", "Brokers", 1380, 1725),
    Licence("Tidewater Software", "Tidewater Hypervisor", "dc", "Cores", 1216, 1490),
    Licence("Tidewater Software", "Tidewater Desktop", "wpd", "Devices", 2420, 395),
    Licence("Tidewater Software", "Tidewater Device Management", "wpd", "Devices", 2850, 312),
    Licence("Upton Web", "Upton Content", "web", "Sites", 6, 98500),
    Licence("Upton Web", "Upton App Analytics", "mobile", "Users, thousand", 310, 1980),
    Licence("Wexford Quote", "Wexford Comparison Feed", "quote", "Quotes, thousand", 2350, 760),
];

/// Contracts run for three years: first day, last day, years between the two.
#[rustfmt::skip]
const TERMS: [(&str, &str, i64); 4] = [("01/01", "31/12", 2), ("01/04", "31/03", 3), ("01/07", "30/06", 3), ("01/10", "30/09", 3)];

/// The control total is the line of totals under the list.
pub(crate) fn write_list(month: &Folder, period: &Period) -> Result<Control, Box<dyn Error>> {
    let mut random = Random::stream("licences");
    let mut rows = Vec::new();
    let mut total = 0;
    for licence in &LICENCES {
        let Licence(vendor, product, code, metric, base, pence) = licence;
        let year = random.between(2024, 2025);
        let (from, to, years) = TERMS[random.pick([1; 4].into_iter())];
        let counted = *base + base * random.between(-4, 12) * period.index / 1000;
        let cost = counted * pence;
        total += cost;
        let answers = owner(service_of(code));
        rows.push(vec![
            (*vendor).into(),
            (*product).into(),
            (*code).into(),
            if answers.is_empty() { "Licence Manager" } else { answers }.into(),
            (*metric).into(),
            Cell::Number(counted.to_string()),
            Cell::Text(format!("{from}/{year}")),
            Cell::Text(format!("{to}/{}", year + years)),
            Cell::Number(decimal(cost, 2)),
            "GBP".into(),
        ]);
    }
    let blanks = (0..7).map(|_| Cell::Blank);
    rows.push(
        std::iter::once(Cell::from("Total GBP")).chain(blanks).chain([Cell::Number(decimal(total, 2))]).collect(),
    );
    let title = format!("Software licences and subscriptions, {}", period.name);
    month.workbook(
        "licences.xlsx",
        &Sheet {
            name: "Licences",
            title: &[
                "Harbour Mutual",
                &title,
                "Monthly cost without VAT; service = code in the service portfolio, blank where many services share",
            ],
            headings: &[
                "Vendor",
                "Product",
                "Service",
                "Service owner",
                "Counted in",
                "Quantity",
                "Contract from",
                "Contract to",
                "Monthly cost",
                "Currency",
            ],
            rows,
        },
    )?;
    Ok(Control {
        source: "licences",
        total: decimal(total, 2),
        rows: LICENCES.len(),
        says: "the line Total GBP of the list",
    })
}

fn service_of(code: &str) -> &'static str {
    SERVICES.iter().find(|s| s[1].split(';').any(|c| c == code)).map_or("", |s| s[0])
}
