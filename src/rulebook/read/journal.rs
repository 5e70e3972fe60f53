//! `[journal]` and `[unit_costs]`.

use super::{Reader, Section};
use crate::finding::clean;
use crate::rulebook::schema::Field;
use crate::rulebook::syntax::Table;
use crate::rulebook::{Head, JournalDecl, SERVICE, UnitCostDecl, schema};

impl Reader<'_> {
    pub(super) fn journal(&mut self, table: &Table) -> Option<JournalDecl> {
        self.known_keys(table, "[journal]", schema::JOURNAL);
        let sub = |reader: &mut Self, key: &str, fields: &'static [Field]| {
            let Some(node) = table.get(key) else {
                reader.error(
                    "missing-key",
                    table.spot.place(),
                    format!("[journal] has no `{key}`"),
                    "",
                    format!("add {key} = {{ file = … }}"),
                );
                return None;
            };
            let inner = reader.as_table(node, key)?;
            reader.known_keys(inner, &format!("`{key}` of [journal]"), fields);
            Some(inner)
        };
        let accounts = sub(self, "accounts", schema::ACCOUNTS);
        let register = sub(self, "register", schema::REGISTER);
        let (accounts, register) = (accounts?, register?);
        Some(JournalDecl {
            spot: table.spot.clone(),
            accounts: self.table_file(accounts, "`accounts`")?,
            on: self.dimension_list(accounts, "on"),
            debit: self.required_text(accounts, "debit", "`accounts`")?,
            credit: self.required_text(accounts, "credit", "`accounts`")?,
            company: self.text(accounts, "company"),
            valid: self.validity_columns(accounts),
            register: self.table_file(register, "`register`")?,
            account: self.required_text(register, "account", "`register`")?,
        })
    }

    pub(super) fn unit_cost(
        &mut self,
        (name, table): Section<'_>,
        drivers: &[String],
        head: Option<&Head>,
    ) -> Option<UnitCostDecl> {
        let what = format!("the unit cost of `{}`", clean(&name.name));
        self.known_keys(table, &what, schema::UNIT_COST);
        self.is_kept(head.map(|head| head.charges_by.as_slice()), SERVICE, &format!("{what} is of a"), &name.spot);
        let per = self.required_text(table, "per", &what)?;
        self.known_name(&per, "driver", drivers);
        let measure = self.text(table, "measure").map_or_else(|| per.name.clone(), |measure| measure.name);
        Some(UnitCostDecl { service: name.clone(), per, measure })
    }
}
