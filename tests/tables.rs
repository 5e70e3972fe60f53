//! Tables of a model in the forms they are kept in: encodings, separators, numbers and dates as declared.

mod support;

use std::path::Path;

use support::{outcome, rows, run, showback, write_model};

const MODEL: &str = r#"
[model]
name = "Tables"
currency = "EUR"
charges = { by = ["business_unit", "service"] }

[dimensions.business_unit]
members = { file = "units.csv", name = "Einheit", valid_to = "Bis", formats = { encoding = "windows-1252", delimiter = ";", date = "%d.%m.%Y" } }

[sources.bill]
files = "{period}/bill.csv"
columns = { cost = "Cost" }
control = { file = "control.csv", on = "Source", total = "Total", formats = { number = "1.234,56", delimiter = ";" } }

[[classify]]
id = "service"
lookup = { file = "services.csv", on = { Code = "Code" }, take = { service = "Dienst" }, valid_from = "Ab", formats = { encoding = "utf-16le", delimiter = ";", date = "%d.%m.%Y" } }

[drivers.seats]
file = "seats.csv"
to = { business_unit = "Einheit" }
quantity = "Plätze"
formats = { encoding = "latin-1", delimiter = ";", number = "1.234,56", negative = "trailing minus" }

[[allocate]]
id = "by-seats"
to = "business_unit"
by = "seats"
"#;

fn write(folder: &Path) {
    let latin = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect::<Vec<u8>>();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    write_model(
        folder,
        &[
            ("model.toml", MODEL),
            ("2026-10/bill.csv", "Code,Cost\nA,1000\nA,234.5\n"),
            ("control.csv", "Source;Total\nbill;1.234,50\n"),
        ],
    );
    let put = |name: &str, bytes: Vec<u8>| std::fs::write(folder.join(name), bytes).expect("written");
    put("units.csv", latin("Einheit;Bis\nMünchen;\nKöln;\nAltona;30.09.2026\n"));
    put("services.csv", utf_16("Code;Dienst;Ab\nA;Büro;01.10.2026\n"));
    // Of Köln two rows, the second of them below 0.
    put("seats.csv", latin("Einheit;Plätze\nMünchen;1.500\nKöln;600,5\nKöln;100,5-\n"));
}

#[test]
fn tables_are_read_as_they_declare() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    // A negative quantity is refused in its declared form too.
    let (of, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    let (code, said) = outcome(&showback(&["run", &of, "--period", "2026-10", "--out", &out]));
    assert!(code == Some(3) && said.contains("the quantity `100,5-` is negative"), "{said}");
    let seats = std::fs::read(folder.path().join("seats.csv")).expect("read");
    let seats: Vec<u8> = seats.into_iter().filter(|byte| *byte != b'-').collect();
    std::fs::write(folder.path().join("seats.csv"), seats).expect("written");
    let published = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    let charges: Vec<(String, String, String)> = rows(&published.join("data/charges.csv"))
        .into_iter()
        .map(|row| (row["business_unit"].clone(), row["service"].clone(), row["amount"].clone()))
        .collect();
    // 1500 and 701 of 2201 of 1,234.50: 841.32 (841.322…) and 393.18 (393.177…).
    let expected = [("Köln", "Büro", "393.18"), ("München", "Büro", "841.32")];
    assert_eq!(charges, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
}

#[test]
fn a_number_of_a_workbook_is_a_number_whatever_form_texts_have() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = r#"
[model]
name = "Numbers"
currency = "EUR"
charges = { by = ["business_unit"] }

[sources.bill]
files = "{period}.xlsx"
columns = { cost = "Betrag" }
formats = { number = "1.234,56" }

[drivers.seats]
file = "seats.xlsx"
to = { business_unit = "Unit" }
quantity = "Seats"
formats = { number = "1.234,56" }

[[allocate]]
id = "by-seats"
to = "business_unit"
by = "seats"
"#;
    write_model(folder.path(), &[("model.toml", model)]);
    let save = |name: &str, headings: [&str; 2], rows: [(&str, Option<f64>, &str); 2]| {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.write_row(0, 0, headings).expect("written");
        for (at, (name, number, text)) in (1..).zip(rows) {
            sheet.write_string(at, 0, name).expect("written");
            match number {
                Some(number) => sheet.write_number(at, 1, number).expect("written"),
                None => sheet.write_string(at, 1, text).expect("written"),
            };
        }
        workbook.save(folder.path().join(name)).expect("saved");
    };
    // A cell with the number 1.234 and one with the text 1.234, which is a thousand more.
    save("2026-10.xlsx", ["Text", "Betrag"], [("a", Some(1.234), ""), ("b", None, "1.234")]);
    save("seats.xlsx", ["Unit", "Seats"], [("North", Some(2.5), ""), ("South", None, "7,5")]);
    let published = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    let exact: Vec<(String, String)> = rows(&published.join("data/charges.csv"))
        .into_iter()
        .map(|row| (row["business_unit"].clone(), row["amount_exact"].clone()))
        .collect();
    // 1,235.234, a quarter and three quarters.
    assert_eq!(exact, [("North".into(), "308.8085".into()), ("South".into(), "926.4255".to_owned())]);
}
