//! Who Harbour Mutual is: the units that pay, the services they pay for, the accounts of the journal.

use std::error::Error;

use crate::tables::{Cell, Folder, Sheet, row};

/// The units that pay, in the order of every table of usage.
pub(crate) const UNITS: [&str; 8] = [
    "Motor Claims",
    "Home & Property",
    "Life & Pensions",
    "Broker Channel",
    "Direct & Digital",
    "Finance",
    "HR & Legal",
    "Risk & Compliance",
];

/// Unit, parent, cost centre codes, order, legal entity, head.
#[rustfmt::skip]
const ORGANISATION: [[&str; 6]; 12] = [
    ["Harbour Mutual", "", "", "1", "HMG", "Chief Executive"],
    ["Insurance", "Harbour Mutual", "", "2", "HMI", "Managing Director, Insurance"],
    ["General Insurance", "Insurance", "", "3", "HMI", "Director, General Insurance"],
    ["Motor Claims", "General Insurance", "4100;CC-4100", "4", "HMI", "Director of Motor Claims"],
    ["Home & Property", "General Insurance", "4200;CC-4200", "5", "HMI", "Director of Home & Property"],
    ["Life & Pensions", "Insurance", "4300;CC-4300", "6", "HML", "Director of Life & Pensions"],
    ["Broker Channel", "Insurance", "4400;CC-4400", "7", "HMI", "Director, Broker Channel"],
    ["Direct & Digital", "Insurance", "4500;CC-4500", "8", "HMI", "Director, Direct & Digital"],
    ["Corporate", "Harbour Mutual", "", "9", "HMG", "Chief Financial Officer"],
    ["Finance", "Corporate", "5100;CC-5100", "10", "HMG", "Finance Director"],
    ["HR & Legal", "Corporate", "5200;CC-5200", "11", "HMG", "General Counsel"],
    ["Risk & Compliance", "Corporate", "5300;CC-5300", "12", "HMG", "Chief Risk Officer"],
];

/// Service, codes, kind, lifecycle, owner, spend, in the portfolio from.
#[rustfmt::skip]
pub(crate) const SERVICES: [[&str; 7]; 44] = [
    ["Data Centre Hosting", "dc", "supporting", "catalogue", "Head of Infrastructure", "run", ""],
    ["Network Backbone", "net", "supporting", "catalogue", "Head of Infrastructure", "run", ""],
    ["Identity & Access", "iam", "supporting", "catalogue", "Head of Security", "run", ""],
    ["Monitoring", "obs", "supporting", "catalogue", "Head of Cloud", "run", ""],
    ["Backup & Recovery", "bkp", "supporting", "catalogue", "Head of Infrastructure", "run", ""],
    ["Integration Platform", "esb", "supporting", "catalogue", "Head of Cloud", "run", ""],
    ["Service Desk", "desk", "supporting", "catalogue", "Head of Workplace", "run", ""],
    ["Cloud Platform", "lz", "supporting", "catalogue", "Head of Cloud", "run", ""],
    ["Security Operations", "soc", "supporting", "catalogue", "Head of Security", "run", ""],
    ["Document Management", "dms", "shared", "catalogue", "Head of Corporate Systems", "run", ""],
    ["Payments Hub", "pay", "shared", "catalogue", "Head of Finance Systems", "run", ""],
    ["Test & Release", "tst", "shared", "catalogue", "Head of Delivery", "grow", ""],
    ["Workplace Devices", "wpd", "workplace", "catalogue", "Head of Workplace", "run", ""],
    ["Email & Collaboration", "m365", "workplace", "catalogue", "Head of Workplace", "run", ""],
    ["Telephony", "tel", "workplace", "catalogue", "Head of Workplace", "run", ""],
    ["Meeting Rooms", "room", "workplace", "catalogue", "Head of Workplace", "run", ""],
    ["Print & Post", "prt", "workplace", "catalogue", "Head of Workplace", "run", ""],
    ["Claims Processing", "clm-core;clm-batch", "business", "catalogue", "Head of Claims Systems", "run", ""],
    ["Fraud Detection", "fraud", "business", "catalogue", "Head of Claims Systems", "run", ""],
    ["Motor Telematics", "telem", "business", "catalogue", "Head of Claims Systems", "grow", ""],
    ["Claims Triage AI", "triage", "business", "pipeline", "Head of Claims Systems", "transform", "2026-09-01"],
    ["Legacy Claims Archive", "clm-old", "business", "retired", "Head of Claims Systems", "run", ""],
    ["Motor Policy Admin", "pol-motor", "business", "catalogue", "Head of Policy Systems", "run", ""],
    ["Home Policy Admin", "pol-home", "business", "catalogue", "Head of Policy Systems", "run", ""],
    ["Underwriting Workbench", "uww", "business", "catalogue", "Head of Policy Systems", "run", ""],
    ["Rating Engine", "rating", "business", "catalogue", "Head of Policy Systems", "run", ""],
    ["Life Administration", "life-admin", "business", "catalogue", "Head of Life Systems", "run", ""],
    ["Pensions Administration", "pens-admin", "business", "catalogue", "Head of Life Systems", "run", ""],
    ["Actuarial Modelling", "actuarial", "business", "catalogue", "Head of Life Systems", "run", ""],
    ["Customer Portal", "portal", "business", "catalogue", "Head of Digital", "run", ""],
    ["Mobile App", "mobile", "business", "catalogue", "Head of Digital", "grow", ""],
    ["Quote Engine", "quote", "business", "catalogue", "Head of Digital", "run", ""],
    ["Public Website", "web", "business", "catalogue", "Head of Digital", "run", ""],
    ["Broker Portal", "broker", "business", "catalogue", "Head of Broker Systems", "run", ""],
    ["CRM", "crm", "business", "catalogue", "Head of Broker Systems", "run", ""],
    ["Data Warehouse", "dwh", "business", "catalogue", "Head of Data", "run", ""],
    ["Analytics Workbench", "analytics", "business", "catalogue", "Head of Data", "grow", ""],
    ["Regulatory Reporting", "regrep", "business", "catalogue", "Head of Finance Systems", "run", ""],
    ["Reinsurance Accounting", "reins", "business", "catalogue", "Head of Finance Systems", "run", ""],
    ["General Ledger", "erp", "corporate", "catalogue", "Head of Finance Systems", "run", ""],
    ["Procurement & Expenses", "p2p", "corporate", "catalogue", "Head of Finance Systems", "run", ""],
    ["HR & Payroll", "hrp", "corporate", "catalogue", "Head of Corporate Systems", "run", ""],
    ["Legal Case Management", "legal", "corporate", "catalogue", "Head of Corporate Systems", "run", ""],
    ["IT Management", "itm", "overhead", "catalogue", "Chief Information Officer", "run", ""],
];

/// Account, name, type.
#[rustfmt::skip]
const CHART: [[&str; 3]; 13] = [
    ["0450", "Depreciation - servers", "Expense"],
    ["0455", "Depreciation - storage", "Expense"],
    ["8110", "Recharge of IT: cloud services", "Expense"],
    ["8120", "Recharge of IT: software", "Expense"],
    ["8130", "Recharge of IT: staff", "Expense"],
    ["8140", "Recharge of IT: infrastructure", "Expense"],
    ["8150", "Recharge of IT: outside services", "Expense"],
    ["8300", "Recharge of IT: life company", "Expense"],
    ["8910", "IT recovered: cloud services", "Recovery"],
    ["8920", "IT recovered: software", "Recovery"],
    ["8930", "IT recovered: staff", "Recovery"],
    ["8940", "IT recovered: infrastructure", "Recovery"],
    ["8950", "IT recovered: outside services", "Recovery"],
];

/// Business unit, pool, debit, credit, company: the first row that fits.
#[rustfmt::skip]
const RECHARGE: [[&str; 5]; 15] = [
    ["Life & Pensions", "Cloud Services", "8300", "8910", "HML"],
    ["Life & Pensions", "Software", "8300", "8920", "HML"],
    ["Life & Pensions", "Staffing", "8300", "8930", "HML"],
    ["Life & Pensions", "Outside Services", "8300", "8950", "HML"],
    ["Life & Pensions", "*", "8300", "8940", "HML"],
    ["Finance", "*", "8140", "8940", "HMG"],
    ["HR & Legal", "*", "8140", "8940", "HMG"],
    ["Risk & Compliance", "Software", "8120", "8920", "HMG"],
    ["Risk & Compliance", "*", "8140", "8940", "HMG"],
    ["*", "Cloud Services", "8110", "8910", "HMI"],
    ["*", "Software", "8120", "8920", "HMI"],
    ["*", "Staffing", "8130", "8930", "HMI"],
    ["*", "Outside Services", "8150", "8950", "HMI"],
    ["*", "Facilities", "8140", "8940", "HMI"],
    ["*", "*", "8140", "8940", "HMI"],
];

/// Who answers for a service: a role, never a person.
pub(crate) fn owner(service: &str) -> &'static str {
    SERVICES.iter().find(|s| s[0] == service).map_or("", |s| s[4])
}

pub(crate) fn write(folder: &Folder) -> Result<(), Box<dyn Error>> {
    folder.csv(
        "organisation.csv",
        &["Unit", "Parent", "Codes", "Order", "entity", "head"],
        ORGANISATION.into_iter().map(row),
    )?;
    folder.csv("chart-of-accounts.csv", &["Account", "Name", "Type"], CHART.into_iter().map(row))?;
    folder.csv(
        "recharge-accounts.csv",
        &["Business unit", "Pool", "Debit", "Credit", "Company"],
        RECHARGE.into_iter().map(row),
    )?;
    folder.workbook(
        "service-portfolio.xlsx",
        &Sheet {
            name: "Portfolio",
            title: &["Harbour Mutual: service portfolio", "Kept by the service owners; agreed each quarter"],
            headings: &["Service", "Codes", "kind", "lifecycle", "owner", "spend", "Valid from"],
            rows: SERVICES.iter().map(|service| service.iter().map(|text| portfolio_cell(text)).collect()).collect(),
        },
    )
}

/// Dates of the portfolio are real dates; there is only one so far.
fn portfolio_cell(text: &str) -> Cell {
    if text == "2026-09-01" { Cell::Date(2026, 9, 1) } else { Cell::from(text) }
}
