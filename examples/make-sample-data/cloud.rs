//! The cloud bill: two providers, one FOCUS 1.0 file each a month, a line for every resource, meter and day.
//!
//! A cost is quantity (in 10^-4) times unit price (in 10^-6 of a pound), so it has up to ten decimals and
//! is exact.

use std::error::Error;

use crate::calendar::Period;
use crate::random::Random;
use crate::tables::{Control, Folder, decimal, decimal_short, row};

#[rustfmt::skip]
const FOCUS: [&str; 43] = [
    "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency",
    "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription",
    "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory",
    "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountStatus", "CommitmentDiscountType",
    "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost",
    "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit",
    "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType",
    "ServiceCategory", "ServiceName", "SkuId", "SkuPriceId", "SubAccountId", "SubAccountName", "Tags",
];

struct Provider {
    file: &'static str,
    name: &'static str,
    issuer: &'static str,
    billing_id: &'static str,
    billing_name: &'static str,
    region: [&'static str; 2],
    /// What the export writes where there is nothing.
    nothing: &'static str,
    /// Part of the list price that the enterprise agreement leaves, in thousandths.
    contracted: i64,
    commitment: &'static str,
}

const PROVIDERS: [Provider; 2] = [
    Provider {
        file: "cloud-aws.csv.gz",
        name: "AWS",
        issuer: "Amazon Web Services EMEA SARL",
        billing_id: "900100200300",
        billing_name: "Harbour Mutual",
        region: ["eu-west-2", "Europe (London)"],
        nothing: "",
        contracted: 940,
        commitment: "arn:aws:savingsplans::900100200300:savingsplan/7d1c-harbour",
    },
    Provider {
        file: "cloud-azure.csv.gz",
        name: "Microsoft",
        issuer: "Microsoft Limited",
        billing_id: "/providers/Microsoft.Billing/billingAccounts/7654321",
        billing_name: "Harbour Mutual Insurance",
        region: ["uksouth", "UK South"],
        nothing: "NULL",
        contracted: 950,
        commitment: "/providers/Microsoft.Capacity/reservationOrders/55aa-harbour",
    },
];

const AWS: usize = 0;
const AZURE: usize = 1;

/// A meter: category, service, resource type, unit, what the invoice calls it, list price in 10^-6 GBP,
/// whether a commitment covers it in production.
struct Meter(&'static str, &'static str, &'static str, &'static str, &'static str, i64, bool);

#[rustfmt::skip]
const METERS: [[Meter; 9]; 2] = [
    [
        Meter("Compute", "Amazon Elastic Compute Cloud", "Instance", "Hours", "m6i.xlarge Linux instance hour", 178_400, true),
        Meter("Compute", "AWS Lambda", "Function", "GB-Seconds", "Lambda duration", 13, false),
        Meter("Databases", "Amazon Relational Database Service", "DB instance", "Hours", "db.r6g.2xlarge PostgreSQL instance hour", 812_000, false),
        Meter("Storage", "Amazon Simple Storage Service", "Bucket", "GB-Months", "S3 Standard storage", 18_700, false),
        Meter("Storage", "Amazon Elastic Block Store", "Volume", "GB-Months", "gp3 provisioned storage", 73_600, false),
        Meter("Networking", "Elastic Load Balancing", "Load balancer", "LCU-Hours", "Application load balancer capacity unit hour", 6_300, false),
        Meter("Networking", "AWS Data Transfer", "Transfer", "GB", "Data transfer out to the internet", 71_000, false),
        Meter("Analytics", "AWS Glue", "Job", "DPU-Hours", "Glue ETL job", 352_000, false),
        Meter("Management and Governance", "Amazon CloudWatch", "Metric stream", "GB", "Log data ingested", 478_500, false),
    ],
    [
        Meter("Compute", "Virtual Machines", "Virtual machine", "Hours", "D4s v5 compute hour", 166_400, true),
        Meter("Compute", "Functions", "Function app", "GB-Seconds", "Functions execution time", 12, false),
        Meter("Databases", "Azure SQL Database", "Database", "vCore-Hours", "General purpose vCore hour", 402_100, false),
        Meter("Storage", "Storage Accounts", "Storage account", "GB-Months", "Hot LRS data stored", 14_750, false),
        Meter("Storage", "Backup", "Recovery vault", "GB-Months", "Protected instance, GRS data stored", 34_900, false),
        Meter("Networking", "Bandwidth", "Transfer", "GB", "Internet egress", 61_200, false),
        Meter("Integration", "API Management", "Gateway", "Hours", "Premium gateway unit hour", 2_941_000, false),
        Meter("Integration", "Service Bus", "Namespace", "Million operations", "Messaging operations", 780_000, false),
        Meter("Identity", "Microsoft Entra ID", "Tenant", "Users", "P2 user month, daily share", 221_000, false),
    ],
];

/// What a workload is made of: meters and their thousandths of its cost.
type Shape = &'static [(usize, i64)];
const WEB: Shape = &[(0, 520), (2, 250), (3, 40), (5, 60), (6, 80), (8, 50)];
const SERVERLESS: Shape = &[(1, 560), (2, 240), (3, 120), (8, 80)];
const DATA: Shape = &[(0, 190), (3, 330), (4, 60), (7, 420)];
const BATCH: Shape = &[(0, 820), (3, 110), (4, 70)];
const LOGS: Shape = &[(3, 240), (8, 760)];
const PLAIN: Shape = &[(0, 600), (2, 250), (3, 90), (5, 60)];
const VAULT: Shape = &[(3, 120), (4, 880)];
const MESSAGES: Shape = &[(1, 60), (6, 580), (7, 360)];
const DIRECTORY: Shape = &[(0, 130), (8, 870)];
const EDGE: Shape = &[(5, 250), (6, 750)];

/// Provider, id, name, service in the account map (blank: several share it), unit in the map.
struct Account(usize, &'static str, &'static str, &'static str, &'static str);

const BROKER_APPS: usize = 7;
/// The newest account: nobody has put it into the map yet.
const INNOVATION_LAB: usize = 9;

#[rustfmt::skip]
const ACCOUNTS: [Account; 15] = [
    Account(AWS, "410000000001", "hm-shared-platform", "Cloud Platform", ""),
    Account(AWS, "410000000002", "hm-shared-monitoring", "Monitoring", ""),
    Account(AWS, "410000000003", "hm-claims-prod", "Claims Processing", ""),
    Account(AWS, "410000000004", "hm-digital-prod", "", ""),
    Account(AWS, "410000000005", "hm-digital-nonprod", "", ""),
    Account(AWS, "410000000006", "hm-data-lake", "Data Warehouse", ""),
    Account(AWS, "410000000008", "hm-actuarial", "Actuarial Modelling", "Life & Pensions"),
    Account(AWS, "410000000007", "hm-broker-apps", "Broker Portal", "Broker Channel"),
    Account(AWS, "410000000010", "hm-policy-prod", "", ""),
    Account(AWS, "410000000012", "hm-innovation-lab", "", ""),
    Account(AZURE, "3f2b6c1e-0001-4a7d-9e10-5d2f00000001", "hm-shared-identity", "Identity & Access", ""),
    Account(AZURE, "3f2b6c1e-0002-4a7d-9e10-5d2f00000002", "hm-shared-integration", "Integration Platform", ""),
    Account(AZURE, "3f2b6c1e-0003-4a7d-9e10-5d2f00000003", "hm-shared-backup", "Backup & Recovery", ""),
    Account(AZURE, "3f2b6c1e-0004-4a7d-9e10-5d2f00000004", "hm-life-platform", "Life Administration", ""),
    Account(AZURE, "3f2b6c1e-0005-4a7d-9e10-5d2f00000005", "hm-finance-erp", "General Ledger", ""),
];

/// Account, app tag, environment, cost centre tag, list price a month in pounds, shape, first period it runs in.
struct Workload(usize, &'static str, &'static str, &'static str, i64, Shape, i64);

#[rustfmt::skip]
const WORKLOADS: [Workload; 46] = [
    Workload(0, "lz", "prod", "", 31_000, PLAIN, 0),
    Workload(0, "", "", "", 22_000, EDGE, 0),
    Workload(0, "soc", "prod", "", 24_000, LOGS, 0),
    Workload(1, "obs", "prod", "", 52_000, LOGS, 0),
    Workload(2, "clm-core", "prod", "", 98_000, WEB, 0),
    Workload(2, "clm-batch", "prod", "", 27_000, BATCH, 0),
    Workload(2, "fraud", "prod", "4100", 33_000, DATA, 0),
    Workload(2, "telem", "prod", "CC-4100", 41_000, SERVERLESS, 0),
    Workload(2, "triage", "dev", "", 9_000, BATCH, 1),
    Workload(2, "clm-old", "prod", "", 6_400, VAULT, 0),
    Workload(2, "", "", "", 8_500, EDGE, 0),
    Workload(2, "dms", "prod", "", 21_000, VAULT, 0),
    Workload(3, "portal", "prod", "", 46_000, WEB, 0),
    Workload(3, "mobile", "prod", "", 21_000, SERVERLESS, 0),
    Workload(3, "mob-v1", "prod", "", 7_000, SERVERLESS, -2),
    Workload(3, "quote", "prod", "", 52_000, WEB, 0),
    Workload(3, "web", "prod", "", 17_000, WEB, 0),
    Workload(3, "", "", "", 14_500, EDGE, 0),
    Workload(3, "pay", "prod", "", 12_500, SERVERLESS, 0),
    Workload(4, "portal", "test", "", 7_800, PLAIN, 0),
    Workload(4, "quote", "test", "", 8_600, PLAIN, 0),
    Workload(4, "", "dev", "", 9_900, PLAIN, 0),
    Workload(4, "", "test", "", 11_300, PLAIN, 0),
    Workload(5, "dwh", "prod", "", 64_000, DATA, 0),
    Workload(5, "analytics", "prod", "", 29_000, BATCH, 0),
    Workload(5, "poc-scratch", "dev", "", 1_900, DATA, 1),
    Workload(6, "actuarial", "prod", "", 47_000, BATCH, 0),
    Workload(6, "", "", "", 3_200, LOGS, 0),
    Workload(7, "", "prod", "4400", 26_000, PLAIN, 0),
    Workload(7, "crm", "prod", "4400", 15_500, PLAIN, 0),
    Workload(8, "pol-motor", "prod", "", 44_000, WEB, 0),
    Workload(8, "pol-home", "prod", "4200", 31_000, WEB, 0),
    Workload(8, "uww", "prod", "", 19_000, WEB, 0),
    Workload(8, "rating", "prod", "", 36_000, SERVERLESS, 0),
    Workload(8, "", "", "", 11_800, EDGE, 0),
    Workload(9, "", "", "", 6_800, DATA, 0),
    Workload(9, "", "", "", 4_100, BATCH, 2),
    Workload(10, "iam", "prod", "", 27_500, DIRECTORY, 0),
    Workload(11, "esb", "prod", "", 38_000, MESSAGES, 0),
    Workload(12, "bkp", "prod", "", 33_500, VAULT, 0),
    Workload(13, "life-admin", "prod", "4300", 34_000, PLAIN, 0),
    Workload(13, "pens-admin", "prod", "4300", 22_500, PLAIN, 0),
    Workload(13, "", "", "", 5_100, EDGE, 0),
    Workload(14, "erp", "prod", "5100", 36_000, PLAIN, 0),
    Workload(14, "regrep", "prod", "", 9_700, BATCH, 0),
    Workload(14, "reins", "prod", "", 6_300, PLAIN, 0),
];

/// A month's growth of the whole bill over the first one, in thousandths.
const GROWTH: [i64; 3] = [1000, 1021, 1048];

#[rustfmt::skip]
const CATEGORY_TOWERS: [[&str; 2]; 9] = [
    ["Analytics", "Platform"],
    ["Compute", "Compute"],
    ["Databases", "Platform"],
    ["Identity", "Security"],
    ["Integration", "Platform"],
    ["Management and Governance", "IT Management"],
    ["Networking", "Network"],
    ["Storage", "Storage"],
    ["Other", "IT Management"],
];

/// Which service (and sometimes which unit) an account belongs to, and from when to when.
pub(crate) fn write_maps(folder: &Folder) -> Result<(), Box<dyn Error>> {
    let mut rows = Vec::new();
    for (place, Account(provider, id, name, service, unit)) in ACCOUNTS.iter().enumerate() {
        let provider = PROVIDERS[*provider].name;
        match place {
            INNOVATION_LAB => {}
            BROKER_APPS => {
                rows.push(row([provider, id, name, service, unit, "2025-04-01", "2026-09-15"]));
                rows.push(row([provider, id, name, "Quote Engine", unit, "2026-09-16", ""]));
            }
            _ => rows.push(row([provider, id, name, service, unit, "2025-04-01", ""])),
        }
    }
    let headings = ["Provider", "Account", "Account name", "Service", "Unit", "Valid from", "Valid to"];
    folder.csv("account-map.csv", &headings, rows.into_iter())?;
    folder.csv("cloud-towers.csv", &["Service category", "Tower"], CATEGORY_TOWERS.into_iter().map(row))
}

/// Writes both files; the control total is what the providers invoice, the sum of `BilledCost`.
pub(crate) fn write_bill(month: &Folder, period: &Period) -> Result<Control, Box<dyn Error>> {
    let (mut billed, mut rows) = (0, 0);
    for (number, provider) in PROVIDERS.iter().enumerate() {
        let mut lines = Vec::new();
        for (place, workload) in WORKLOADS.iter().enumerate() {
            if ACCOUNTS[workload.0].0 == number && runs(workload, period) {
                usage_lines(&mut lines, place, workload, period);
            }
        }
        lines.extend(other_lines(number, period, &lines));
        lines.sort_by_key(|line| line.day);
        billed += lines.iter().map(|line| line.billed).sum::<i64>();
        rows += lines.len();
        month.csv_gz(provider.file, &FOCUS, lines.iter().map(|line| line.cells(provider, period)))?;
    }
    Ok(Control { source: "cloud", total: decimal_short(billed, 10), rows, says: "sum of BilledCost on both invoices" })
}

/// The last part of a workload says when: it starts in that period, or (negative) it ended before that one.
fn runs(workload: &Workload, period: &Period) -> bool {
    if workload.6 < 0 { period.index < -workload.6 } else { period.index >= workload.6 }
}

/// A line of the bill before it is text; costs in 10^-10 of a pound.
struct Line {
    day: i64,
    account: Option<usize>,
    category: &'static str,
    class: &'static str,
    description: String,
    frequency: &'static str,
    /// Used, Unused, or blank where no commitment covers the line.
    commitment: &'static str,
    meter: Option<(&'static Meter, usize)>,
    quantity: i64,
    contracted_price: i64,
    list: i64,
    contracted: i64,
    billed: i64,
    effective: i64,
    resource: String,
    tags: String,
}

/// One line a resource and day: each meter of a workload has one resource or two.
fn usage_lines(lines: &mut Vec<Line>, place: usize, workload: &Workload, period: &Period) {
    let Workload(account, app, env, cost_centre, pounds, shape, _) = workload;
    let provider_number = ACCOUNTS[*account].0;
    let provider = &PROVIDERS[provider_number];
    for (meter_number, share) in *shape {
        let meter = &METERS[provider_number][*meter_number];
        let mut fixed = Random::stream(&format!("cloud {place} {meter_number}"));
        let resources = if pounds * share > 9_000_000 { 2 } else { 1 };
        let resource_id = fixed.between(0x1000_0000, 0xffff_ffff);
        let level = fixed.around(1000, 150);
        let mut random = Random::stream(&format!("cloud {place} {meter_number} {}", period.name));
        let month =
            random.around(GROWTH[usize::try_from(period.index).unwrap_or(0)], 45) * quarter_end(app, period) / 1000;
        let covered = meter.6 && *env == "prod" && pounds * share > 9_000_000;
        for number in 0..resources {
            // A resource made this month has no tags until someone notices.
            let untagged_days = if random.chance(40) { 6 } else { 0 };
            for day in 1..=period.days {
                let quiet = period.weekday(day) > 5;
                let busy = if quiet && *env != "prod" {
                    350
                } else if quiet {
                    870
                } else {
                    1040
                };
                let pence = pounds * 100 * share / 1000 / period.days / resources;
                let tenths = random.around(pence * 100_000_000 / 1000 * level / 1000 * month / 1000 * busy, 60);
                let quantity = tenths / meter.5;
                let contracted_price = meter.5 * provider.contracted / 1000;
                let contracted = quantity * contracted_price;
                let committed_price = meter.5 * 680 / 1000;
                lines.push(Line {
                    day,
                    account: Some(*account),
                    category: "Usage",
                    class: "",
                    description: meter.4.to_string(),
                    frequency: "Usage-Based",
                    commitment: if covered { "Used" } else { "" },
                    meter: Some((meter, *meter_number)),
                    quantity,
                    contracted_price,
                    list: quantity * meter.5,
                    contracted,
                    billed: if covered { 0 } else { contracted },
                    effective: if covered { quantity * committed_price } else { contracted },
                    resource: format!("{resource_id:08x}{number:02}"),
                    tags: if day <= untagged_days { String::new() } else { tags(app, env, cost_centre) },
                });
            }
        }
    }
}

/// The actuaries run their models at the end of a quarter.
fn quarter_end(app: &str, period: &Period) -> i64 {
    if app == "actuarial" && period.month % 3 == 0 { 1380 } else { 1000 }
}

fn tags(app: &str, env: &str, cost_centre: &str) -> String {
    let given = [("app", app), ("cost-centre", cost_centre), ("env", env)];
    let pairs: Vec<String> =
        given.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| format!("\"{k}\":\"{v}\"")).collect();
    if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) }
}

/// What is not usage: the commitment bought on the first of the month and its unused part, credits, tax,
/// and the correction of an earlier bill.
fn other_lines(provider: usize, period: &Period, lines: &[Line]) -> Vec<Line> {
    let mut random = Random::stream(&format!("cloud other {provider} {}", period.name));
    let used: i64 = lines.iter().filter(|line| line.commitment == "Used").map(|line| line.effective).sum();
    let fee = (used / 10_000_000_000 / 1000 + 1) * 1000 * 10_000_000_000;
    let plain = |day, account, category, description: &str, billed, effective| Line {
        day,
        account,
        category,
        class: "",
        description: description.to_string(),
        frequency: "One-Time",
        commitment: "",
        meter: None,
        quantity: 10_000,
        contracted_price: 0,
        list: billed,
        contracted: billed,
        billed,
        effective,
        resource: String::new(),
        tags: String::new(),
    };
    let home = Some(if provider == AWS { 0 } else { 10 });
    let mut purchase = plain(1, home, "Purchase", "Commitment, monthly fee", fee, 0);
    purchase.frequency = "Recurring";
    let mut unused = plain(
        period.days,
        home,
        "Usage",
        "Commitment, not used this month",
        0,
        random.between(9_000_000_000_000, 16_000_000_000_000),
    );
    unused.commitment = "Unused";
    let credit = -random.between(38_000_000_000_000, 52_000_000_000_000);
    let credit = plain(period.days, None, "Credit", "Enterprise agreement credit", credit, credit);
    let tax = random.between(7_000_000_000_000, 9_000_000_000_000);
    let tax = plain(period.days, None, "Tax", "Tax on support, not recoverable", tax, tax);
    let mut more = vec![purchase, unused, credit, tax];
    if provider == AWS {
        let refund = -random.between(11_000_000_000_000, 14_000_000_000_000);
        let mut correction =
            plain(9, Some(2), "Adjustment", "Refund: instance hours billed twice last month", refund, refund);
        correction.class = "Correction";
        correction.tags = tags("clm-core", "prod", "");
        more.push(correction);
    }
    more
}

impl Line {
    fn cells(&self, provider: &Provider, period: &Period) -> Vec<String> {
        let or_nothing = |text: &str| {
            if text.is_empty() { provider.nothing.to_string() } else { text.to_string() }
        };
        let whole_month = self.meter.is_none();
        let start = format!("{}T00:00:00Z", period.iso(if whole_month { 1 } else { self.day }));
        let end = if whole_month || self.day == period.days {
            period.next_start()
        } else {
            format!("{}T00:00:00Z", period.iso(self.day + 1))
        };
        let (account_id, account_name) = self.account.map_or(("", ""), |a| (ACCOUNTS[a].1, ACCOUNTS[a].2));
        let committed = !self.commitment.is_empty() || self.category == "Purchase";
        let money = |units| {
            if provider.nothing.is_empty() { decimal(units, 10) } else { decimal_short(units, 10) }
        };
        let meter = self.meter.map(|(meter, _)| meter);
        let sku = self.meter.map_or(String::new(), |(_, number)| format!("{}-{number:03}", &provider.file[6..9]));
        let price = |units: i64| {
            if meter.is_some() { decimal_short(units, 6) } else { String::new() }
        };
        let quantity = decimal_short(self.quantity, 4);
        let used = self.category == "Usage" && meter.is_some();
        [
            String::new(),
            money(self.billed),
            provider.billing_id.to_string(),
            provider.billing_name.to_string(),
            "GBP".to_string(),
            period.next_start(),
            format!("{}T00:00:00Z", period.iso(1)),
            self.category.to_string(),
            self.class.to_string(),
            self.description.clone(),
            self.frequency.to_string(),
            end,
            start,
            if committed { "Spend" } else { "" }.to_string(),
            if committed { provider.commitment } else { "" }.to_string(),
            if committed { "Harbour three-year commitment" } else { "" }.to_string(),
            self.commitment.to_string(),
            if committed { "Savings Plan" } else { "" }.to_string(),
            if used { quantity.clone() } else { String::new() },
            if used { meter.map_or("", |m| m.3) } else { "" }.to_string(),
            money(self.contracted),
            price(self.contracted_price),
            money(self.effective),
            provider.issuer.to_string(),
            money(self.list),
            price(meter.map_or(0, |m| m.5)),
            if self.category == "Tax" {
                ""
            } else if committed {
                "Committed"
            } else {
                "Standard"
            }
            .to_string(),
            quantity,
            meter.map_or("", |m| m.3).to_string(),
            provider.name.to_string(),
            provider.issuer.to_string(),
            provider.region[0].to_string(),
            provider.region[1].to_string(),
            self.resource.clone(),
            String::new(),
            meter.map_or("", |m| m.2).to_string(),
            meter.map_or("Other", |m| m.0).to_string(),
            meter.map_or(self.description.as_str(), |m| m.1).to_string(),
            sku.clone(),
            if sku.is_empty() { sku } else { format!("{sku}.{}", provider.region[0]) },
            account_id.to_string(),
            account_name.to_string(),
            self.tags.clone(),
        ]
        .iter()
        .map(|text| or_nothing(text))
        .collect()
    }
}
