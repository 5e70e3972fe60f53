//! The draft journal as a balanced csv and as an hledger file.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::Path;

use super::tables;
use crate::journal::{Accounts, Journal, JournalLine};
use crate::model::Model;
use crate::reports::{Column, Shown, Table, Value};

/// Writes `journal.csv` and `journal.hledger` into a folder.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, model: &Model, accounts: &Accounts, journal: &Journal) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    tables::write(&folder.join("journal.csv"), &table(model, accounts, journal), &model.book.head.currency)?;
    super::publish::write_file(&folder.join("journal.hledger"), hledger(model, accounts, journal).as_bytes())
}

/// Two rows a line: the debit and the credit. They add up to the same for each company.
fn table(model: &Model, accounts: &Accounts, journal: &Journal) -> Table {
    let text = |name: &str| Column::new(name, name, Shown::Text);
    let mut columns = vec![text("status"), text("period"), text("posting_date"), text("company"), text("account")];
    columns.extend([
        Column::new("debit", "debit", Shown::Money),
        Column::new("credit", "credit", Shown::Money),
        text("currency"),
    ]);
    columns.extend(accounts.on.iter().map(|dimension| text(&model.dimensions[*dimension].name)));
    let mut rows = Vec::new();
    for line in &journal.lines {
        // A credit note charges the account that recovers: sides change, amounts stay positive.
        let (debit, credit) = if line.minor < 0 { (&line.credit, &line.debit) } else { (&line.debit, &line.credit) };
        let amount = Value::Money(line.minor.abs());
        for (account, sides) in [(debit, [amount.clone(), Value::Blank]), (credit, [Value::Blank, amount.clone()])] {
            let mut row = vec![
                Value::text("draft"),
                Value::text(&model.period.name),
                Value::text(model.period.last.to_string()),
                Value::text(&line.company),
                Value::text(account),
            ];
            row.extend(sides);
            row.push(Value::text(model.book.head.currency.code()));
            row.extend(line.members.iter().map(Value::text));
            rows.push(row);
        }
    }
    Table { name: "journal", title: "Draft journal".to_owned(), note: String::new(), columns, rows, total: None }
}

fn hledger(model: &Model, accounts: &Accounts, journal: &Journal) -> String {
    let currency = &model.book.head.currency;
    let mut text = String::new();
    let sample = currency.plain(1000 * 10i128.pow(currency.minor_digits()));
    // hledger wants a decimal mark in a commodity's sample even where it has no minor digits.
    let mark = if currency.minor_digits() == 0 { "." } else { "" };
    let _ = writeln!(text, "; {} · {} · draft journal, not posted", plain(&model.book.head.name), model.period.name);
    let _ = writeln!(text, "; Every account is of the declared chart, so `hledger check -s` refuses any other.");
    let _ = writeln!(text, "\ndecimal-mark .\ncommodity {sample}{mark} {}\n", currency.code());
    for account in &accounts.register {
        let _ = writeln!(text, "account {account}");
    }
    // A transaction for each company and first member, usually the business unit.
    let mut transactions: BTreeMap<(&str, &str), Vec<&JournalLine>> = BTreeMap::new();
    for line in &journal.lines {
        let first = line.members.first().map_or("", String::as_str);
        transactions.entry((&line.company, first)).or_default().push(line);
    }
    for ((company, member), lines) in transactions {
        let whose: Vec<String> = [company, member].into_iter().filter(|part| !part.is_empty()).map(plain).collect();
        let _ =
            writeln!(text, "\n{} ! Showback {} {}  ; draft", model.period.last, model.period.name, whose.join(", "));
        for line in lines {
            let note = line.members.iter().map(|member| plain(member)).collect::<Vec<_>>().join(", ");
            for (account, minor) in [(&line.debit, line.minor), (&line.credit, -line.minor)] {
                let _ = writeln!(text, "    {account}  {} {}  ; {note}", currency.plain(minor), currency.code());
            }
        }
    }
    text
}

/// A text for a comment or description: nothing in it can begin a line, a posting or a tag.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, ';' | '|' | ':' | '[' | ']') { ' ' } else { c }).collect()
}
