//! The drivers: who used what in a month. Every table here is the month of August; the later months move
//! away from it by a few per cent.

use std::error::Error;

use crate::calendar::Period;
use crate::company::UNITS;
use crate::random::Random;
use crate::tables::{Folder, decimal_short, row};

type Done = Result<(), Box<dyn Error>>;

/// Full-time people of each unit, in tenths.
const PEOPLE: [i64; 8] = [5125, 3862, 4283, 2144, 3216, 1820, 1058, 796];

/// Laptops, desktops and phones of each unit.
#[rustfmt::skip]
const DEVICES: [(&str, [i64; 8]); 3] = [
    ("Laptop", [388, 301, 352, 231, 338, 196, 121, 92]),
    ("Desktop", [176, 128, 104, 12, 18, 6, 0, 0]),
    ("Phone", [214, 126, 98, 142, 61, 24, 33, 21]),
];

/// Tickets by the service they were about and the unit that raised them; blank: about no service in particular.
#[rustfmt::skip]
const TICKETS: [(&str, [i64; 8]); 16] = [
    ("", [812, 604, 648, 352, 431, 214, 143, 98]),
    ("Email & Collaboration", [122, 96, 108, 61, 74, 41, 28, 19]),
    ("Workplace Devices", [201, 148, 143, 96, 88, 37, 24, 16]),
    ("Telephony", [88, 54, 41, 22, 17, 4, 3, 2]),
    ("Print & Post", [34, 31, 42, 12, 6, 9, 11, 3]),
    ("Claims Processing", [318, 187, 26, 0, 12, 0, 0, 0]),
    ("Motor Policy Admin", [41, 0, 0, 88, 104, 0, 0, 0]),
    ("Home Policy Admin", [0, 97, 0, 61, 58, 0, 0, 0]),
    ("Life Administration", [0, 0, 214, 19, 0, 0, 0, 0]),
    ("Pensions Administration", [0, 0, 141, 0, 0, 0, 0, 0]),
    ("Broker Portal", [0, 0, 0, 132, 0, 0, 0, 0]),
    ("Customer Portal", [0, 12, 18, 0, 121, 0, 0, 0]),
    ("Document Management", [61, 44, 72, 13, 8, 4, 9, 6]),
    ("General Ledger", [0, 0, 0, 0, 0, 87, 0, 6]),
    ("HR & Payroll", [14, 11, 12, 7, 9, 5, 38, 2]),
    ("Legacy Claims Archive", [17, 0, 0, 0, 0, 0, 0, 0]),
];

/// Tickets raised by the teams of the supporting services themselves: service, tickets.
#[rustfmt::skip]
const TICKETS_INSIDE: [(&str, i64); 5] =
    [("Network Backbone", 46), ("Identity & Access", 118), ("Monitoring", 21), ("Service Desk", 33), ("Integration Platform", 17)];

/// TB on the arrays by service, in tenths.
#[rustfmt::skip]
const STORAGE: [(&str, i64); 16] = [
    ("Claims Processing", 1480), ("Legacy Claims Archive", 612), ("Motor Policy Admin", 873), ("Home Policy Admin", 566),
    ("Life Administration", 1124), ("Pensions Administration", 748), ("Actuarial Modelling", 391), ("Document Management", 1836),
    ("Data Warehouse", 1295), ("General Ledger", 214), ("HR & Payroll", 87), ("Email & Collaboration", 158),
    ("Backup & Recovery", 1942), ("Monitoring", 233), ("Identity & Access", 41), ("Test & Release", 685),
];

/// Supporting service, what is counted, service that used it (or blank), unit that used it (or blank), quantity in tenths.
type Support = (&'static str, &'static str, &'static [(&'static str, &'static str, i64)]);

#[rustfmt::skip]
const SUPPORT: [Support; 6] = [
    ("Data Centre Hosting", "rack units", &[
        ("Network Backbone", "", 960), ("Identity & Access", "", 140), ("Monitoring", "", 220), ("Backup & Recovery", "", 1680),
        ("Integration Platform", "", 380), ("Claims Processing", "", 1540), ("Legacy Claims Archive", "", 840), ("Motor Policy Admin", "", 1120),
        ("Home Policy Admin", "", 860), ("Life Administration", "", 1480), ("Pensions Administration", "", 720), ("Actuarial Modelling", "", 640),
        ("Document Management", "", 980), ("Data Warehouse", "", 420), ("General Ledger", "", 360), ("HR & Payroll", "", 120),
        ("Telephony", "", 480), ("Test & Release", "", 760), ("Rating Engine", "", 240), ("Regulatory Reporting", "", 90),
    ]),
    ("Network Backbone", "ports", &[
        ("Data Centre Hosting", "", 480), ("Identity & Access", "", 60), ("Monitoring", "", 110), ("Backup & Recovery", "", 240),
        ("Integration Platform", "", 180), ("Service Desk", "", 320), ("Telephony", "", 1460),
        ("Claims Processing", "", 380), ("Motor Policy Admin", "", 260), ("Life Administration", "", 290), ("Broker Portal", "", 410),
        ("Customer Portal", "", 220), ("Meeting Rooms", "", 640), ("IT Management", "", 980),
        ("", "Motor Claims", 5230), ("", "Home & Property", 3910), ("", "Life & Pensions", 4170), ("", "Broker Channel", 2480),
        ("", "Direct & Digital", 2960), ("", "Finance", 1740), ("", "HR & Legal", 1120), ("", "Risk & Compliance", 830),
    ]),
    ("Identity & Access", "accounts", &[
        ("Monitoring", "", 340), ("Integration Platform", "", 1260), ("Service Desk", "", 480), ("Network Backbone", "", 210),
        ("IT Management", "", 2140), ("Customer Portal", "", 6420), ("Broker Portal", "", 3180), ("Mobile App", "", 4870),
        ("", "Motor Claims", 6130), ("", "Home & Property", 4590), ("", "Life & Pensions", 5020), ("", "Broker Channel", 2530),
        ("", "Direct & Digital", 3870), ("", "Finance", 2190), ("", "HR & Legal", 1240), ("", "Risk & Compliance", 950),
    ]),
    ("Monitoring", "hosts", &[
        ("Monitoring", "", 240), ("Data Centre Hosting", "", 310), ("Identity & Access", "", 120), ("Backup & Recovery", "", 180),
        ("Integration Platform", "", 420), ("Service Desk", "", 60), ("Claims Processing", "", 1360), ("Fraud Detection", "", 280),
        ("Motor Telematics", "", 340), ("Motor Policy Admin", "", 880), ("Home Policy Admin", "", 640), ("Underwriting Workbench", "", 260),
        ("Rating Engine", "", 540), ("Life Administration", "", 760), ("Pensions Administration", "", 410), ("Customer Portal", "", 620),
        ("Mobile App", "", 210), ("Quote Engine", "", 730), ("Public Website", "", 190), ("Broker Portal", "", 300),
        ("Data Warehouse", "", 480), ("Payments Hub", "", 240), ("General Ledger", "", 180), ("Test & Release", "", 390),
    ]),
    ("Backup & Recovery", "TB protected", &[
        ("Integration Platform", "", 64), ("Service Desk", "", 18), ("Monitoring", "", 102), ("Claims Processing", "", 1260),
        ("Legacy Claims Archive", "", 590), ("Motor Policy Admin", "", 740), ("Home Policy Admin", "", 480), ("Life Administration", "", 960),
        ("Pensions Administration", "", 610), ("Actuarial Modelling", "", 220), ("Document Management", "", 1410), ("Data Warehouse", "", 830),
        ("General Ledger", "", 190), ("HR & Payroll", "", 74), ("Email & Collaboration", "", 640), ("Legal Case Management", "", 96),
    ]),
    ("Integration Platform", "messages, million", &[
        ("Service Desk", "", 12), ("Identity & Access", "", 34), ("Claims Processing", "", 286), ("Fraud Detection", "", 118),
        ("Motor Telematics", "", 472), ("Motor Policy Admin", "", 214), ("Home Policy Admin", "", 163), ("Rating Engine", "", 398),
        ("Quote Engine", "", 521), ("Broker Portal", "", 174), ("Customer Portal", "", 239), ("CRM", "", 61),
        ("Payments Hub", "", 196), ("General Ledger", "", 44), ("Data Warehouse", "", 327), ("Reinsurance Accounting", "", 12),
    ]),
];

/// Shared application, what is counted, service that used it, quantity.
type Shared = (&'static str, &'static str, &'static [(&'static str, i64)]);

#[rustfmt::skip]
const SHARED: [Shared; 3] = [
    ("Document Management", "documents, thousand", &[
        ("Claims Processing", 1420), ("Motor Policy Admin", 610), ("Home Policy Admin", 540), ("Life Administration", 1130),
        ("Pensions Administration", 720), ("Underwriting Workbench", 180), ("Legal Case Management", 65), ("HR & Payroll", 48), ("Payments Hub", 20),
    ]),
    ("Payments Hub", "payments, thousand", &[
        ("Claims Processing", 212), ("Customer Portal", 418), ("Broker Portal", 173), ("Life Administration", 141),
        ("Pensions Administration", 262), ("General Ledger", 38), ("HR & Payroll", 5),
    ]),
    ("Test & Release", "pipeline minutes, thousand", &[
        ("Claims Processing", 62), ("Motor Policy Admin", 41), ("Home Policy Admin", 28), ("Rating Engine", 57), ("Customer Portal", 71),
        ("Mobile App", 66), ("Quote Engine", 48), ("Broker Portal", 33), ("Data Warehouse", 25), ("Payments Hub", 30), ("Document Management", 8),
    ]),
];

/// Business service, what is counted, quantity by unit.
#[rustfmt::skip]
const USAGE: [(&str, &str, [i64; 8]); 19] = [
    ("Claims Processing", "claims", [7420, 3180, 410, 0, 0, 0, 0, 0]),
    ("Fraud Detection", "claims screened", [7180, 2260, 240, 0, 0, 0, 0, 0]),
    ("Motor Telematics", "vehicles", [0, 0, 0, 6400, 35100, 0, 0, 0]),
    ("Motor Policy Admin", "policies", [0, 0, 0, 141_300, 176_800, 0, 0, 0]),
    ("Home Policy Admin", "policies", [0, 58_200, 0, 71_900, 110_600, 0, 0, 0]),
    ("Underwriting Workbench", "cases", [0, 1240, 380, 960, 0, 0, 0, 0]),
    ("Rating Engine", "quotes, thousand", [0, 210, 0, 690, 1450, 0, 0, 0]),
    ("Life Administration", "policies", [0, 0, 402_100, 0, 0, 0, 0, 0]),
    ("Pensions Administration", "members", [0, 0, 186_400, 0, 0, 0, 0, 0]),
    ("Actuarial Modelling", "model runs", [84, 96, 412, 0, 0, 22, 0, 58]),
    ("Customer Portal", "log-ins, thousand", [62, 88, 141, 0, 349, 0, 0, 0]),
    ("Mobile App", "users, thousand", [24, 31, 0, 0, 255, 0, 0, 0]),
    ("Quote Engine", "quotes, thousand", [0, 0, 0, 690, 1660, 0, 0, 0]),
    ("Broker Portal", "brokers", [0, 0, 0, 1380, 0, 0, 0, 0]),
    ("Data Warehouse", "queries, thousand", [118, 104, 162, 58, 171, 140, 12, 96]),
    ("Analytics Workbench", "users", [148, 112, 164, 61, 204, 86, 9, 76]),
    ("Print & Post", "pages, thousand", [312, 241, 388, 61, 94, 42, 61, 51]),
    ("HR & Payroll", "payslips", [536, 402, 449, 223, 338, 191, 110, 83]),
    ("Procurement & Expenses", "invoices and claims", [1840, 1120, 980, 760, 1310, 2240, 610, 330]),
];

/// Services that do more than run: service, run, grow, transform, in per cent, August to October.
#[rustfmt::skip]
const SPEND: [(&str, [[i64; 3]; 3]); 8] = [
    ("Broker Portal", [[60, 15, 25], [60, 15, 25], [55, 15, 30]]),
    ("Customer Portal", [[65, 30, 5], [65, 30, 5], [60, 35, 5]]),
    ("Data Warehouse", [[55, 15, 30], [50, 15, 35], [50, 15, 35]]),
    ("Fraud Detection", [[80, 20, 0], [80, 20, 0], [75, 25, 0]]),
    ("Legacy Claims Archive", [[70, 0, 30], [65, 0, 35], [60, 0, 40]]),
    ("Motor Telematics", [[35, 65, 0], [35, 65, 0], [40, 60, 0]]),
    ("Quote Engine", [[75, 25, 0], [75, 25, 0], [70, 30, 0]]),
    ("Rating Engine", [[70, 30, 0], [70, 30, 0], [70, 30, 0]]),
];

pub(crate) fn write(month: &Folder, period: &Period) -> Done {
    let mut moved = Moved { random: Random::stream(&format!("usage {}", period.name)), index: period.index };
    write_headcount(month, &mut moved)?;
    write_devices(month, &mut moved)?;
    write_tickets(month, &mut moved)?;
    write_storage(month, &mut moved)?;
    write_support(month, &mut moved)?;
    write_shared(month, &mut moved)?;
    write_usage(month, &mut moved)?;
    write_spend(month, period)
}

/// August's quantity, moved by a few per cent for each month since.
struct Moved {
    random: Random,
    index: i64,
}

impl Moved {
    fn quantity(&mut self, august: i64) -> i64 {
        let percent = self.random.between(-22, 34) * self.index;
        august + august * percent / 1000
    }
}

fn write_headcount(month: &Folder, moved: &mut Moved) -> Done {
    let rows: Vec<_> =
        UNITS.iter().zip(PEOPLE).map(|(unit, tenths)| row([unit, &decimal_short(moved.quantity(tenths), 1)])).collect();
    month.csv("headcount.csv", &["Business unit", "FTE"], rows.into_iter())
}

fn write_devices(month: &Folder, moved: &mut Moved) -> Done {
    let mut rows = Vec::new();
    for (device, by_unit) in DEVICES {
        for (unit, count) in UNITS.iter().zip(by_unit) {
            rows.push(row([unit, device, &moved.quantity(count).to_string()]));
        }
    }
    month.csv("devices.csv", &["Business unit", "Device", "In use"], rows.into_iter())
}

fn write_tickets(month: &Folder, moved: &mut Moved) -> Done {
    let mut rows = Vec::new();
    for (service, by_unit) in TICKETS {
        for (unit, count) in UNITS.iter().zip(by_unit) {
            if count > 0 {
                rows.push(row([service, unit, &moved.quantity(count).to_string()]));
            }
        }
    }
    for (service, count) in TICKETS_INSIDE {
        rows.push(row([service, "", &moved.quantity(count).to_string()]));
    }
    month.csv("tickets.csv", &["Service", "Business unit", "Tickets"], rows.into_iter())
}

fn write_storage(month: &Folder, moved: &mut Moved) -> Done {
    let rows: Vec<_> =
        STORAGE.iter().map(|(service, tenths)| row([service, &decimal_short(moved.quantity(*tenths), 1)])).collect();
    month.csv("storage.csv", &["Service", "TB"], rows.into_iter())
}

fn write_support(month: &Folder, moved: &mut Moved) -> Done {
    let mut rows = Vec::new();
    for (sender, measure, users) in SUPPORT {
        for (service, unit, tenths) in users {
            rows.push(row([sender, measure, service, unit, &decimal_short(moved.quantity(*tenths), 1)]));
        }
    }
    month.csv("support-usage.csv", &["Service", "Measure", "For service", "For unit", "Quantity"], rows.into_iter())
}

fn write_shared(month: &Folder, moved: &mut Moved) -> Done {
    let mut rows = Vec::new();
    for (sender, measure, users) in SHARED {
        for (service, quantity) in users {
            rows.push(row([sender, measure, service, &moved.quantity(*quantity).to_string()]));
        }
    }
    month.csv("shared-usage.csv", &["Service", "Measure", "Used by", "Quantity"], rows.into_iter())
}

fn write_usage(month: &Folder, moved: &mut Moved) -> Done {
    let mut rows = Vec::new();
    for (service, measure, by_unit) in USAGE {
        for (unit, quantity) in UNITS.iter().zip(by_unit) {
            if quantity > 0 {
                rows.push(row([service, unit, measure, &moved.quantity(quantity).to_string()]));
            }
        }
    }
    month.csv("service-usage.csv", &["Service", "Business unit", "Measure", "Quantity"], rows.into_iter())
}

fn write_spend(month: &Folder, period: &Period) -> Done {
    let mut rows = Vec::new();
    for (service, by_period) in SPEND {
        let percents = by_period[usize::try_from(period.index)?];
        for (spend, percent) in ["run", "grow", "transform"].iter().zip(percents) {
            if percent > 0 {
                rows.push(row([service, spend, &percent.to_string()]));
            }
        }
    }
    month.csv("spend-split.csv", &["service", "spend", "percent"], rows.into_iter())
}
