//! Reports adapted to sheets: amounts rounded for reading, tables cut to what a sheet holds.

use crate::money::Currency;
use crate::reports::{Column, Shown, Table, Value};

/// Shows exact amounts of these columns in minor units, each rounded by itself.
pub(super) fn in_minor_units(mut table: Table, names: &[&str], currency: &Currency) -> Table {
    for (at, column) in table.columns.iter_mut().enumerate() {
        if names.contains(&column.name.as_str()) {
            column.shown = Shown::Money;
            for row in table.rows.iter_mut().chain(&mut table.total) {
                row[at] = rounded(&row[at], currency);
            }
        }
    }
    table
}

/// Puts an amount in minor units before the exact one, which nobody can read at a glance. Rows that count hours or
/// lines have none: they are no money.
pub(super) fn reconciliation(mut table: Table, currency: &Currency) -> Table {
    let column = |name: &str| table.columns.iter().position(|column| column.name == name);
    let (Some(at), Some(stage)) = (column("amount"), column("stage")) else { return table };
    let exact = &mut table.columns[at];
    let label = std::mem::replace(&mut exact.label, "Exact".to_owned());
    table.columns.insert(at, Column::new("amount_rounded", label, Shown::Money));
    for row in table.rows.iter_mut().chain(&mut table.total) {
        let is_count =
            matches!(&row[stage], Value::Text(stage) if stage.contains("(hours)") || stage.ends_with(" rows"));
        row.insert(at, if is_count { Value::Blank } else { rounded(&row[at], currency) });
    }
    table
}

fn rounded(value: &Value, currency: &Currency) -> Value {
    match value {
        Value::Exact(amount) => Value::Money(currency.round(*amount)),
        Value::Fine(_) => Value::Blank,
        other => other.clone(),
    }
}

/// Cuts a table into tables of at most so many columns; each begins with the first column, which names the rows.
pub(super) fn split_columns(table: Table, columns_max: usize) -> Vec<Table> {
    if table.columns.len() <= columns_max {
        return vec![table];
    }
    let picked = |row: &[Value], from: usize, to: usize| -> Vec<Value> {
        row[..1].iter().chain(&row[from..to]).cloned().collect()
    };
    let starts = (1..table.columns.len()).step_by(columns_max - 1);
    let tables = starts.map(|from| {
        let to = (from + columns_max - 1).min(table.columns.len());
        Table {
            name: table.name,
            title: table.title.clone(),
            note: table.note.clone(),
            columns: table.columns[..1].iter().chain(&table.columns[from..to]).cloned().collect(),
            rows: table.rows.iter().map(|row| picked(row, from, to)).collect(),
            total: table.total.as_ref().map(|row| picked(row, from, to)),
        }
    });
    tables.collect()
}

/// Cuts a table into tables of at most so many rows; the last has the total.
pub(super) fn split_rows(table: Table, rows_max: usize) -> Vec<Table> {
    if table.rows.len() <= rows_max {
        return vec![table];
    }
    let parts = table.rows.len().div_ceil(rows_max);
    let tables = table.rows.chunks(rows_max).enumerate().map(|(at, rows)| Table {
        name: table.name,
        title: table.title.clone(),
        note: format!("{} Part {} of {parts}.", table.note, at + 1).trim_start().to_owned(),
        columns: table.columns.clone(),
        rows: rows.to_vec(),
        total: if at + 1 == parts { table.total.clone() } else { None },
    });
    tables.collect()
}
