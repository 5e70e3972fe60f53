//! Provider folders with a manifest: what it names is read, once, and nothing else.

mod support;

use std::fs;
use std::path::Path;

use support::{outcome, showback, write_model};

/// Exit code, what was said, and the money in of a run over a folder with these files.
fn try_files(pattern: &str, files: &[(&str, &str)]) -> (Option<i32>, String, Option<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let of = folder.path();
    let model = format!(
        "[model]\nname = \"Manifests\"\ncurrency = \"EUR\"\ncomplete = []\n\n[sources.cloud]\nfiles = \"{pattern}\"\ncolumns = {{ cost = \"Cost\" }}\n"
    );
    write_model(of, &[("model.toml", &model)]);
    write_model(of, files);
    let out = of.join("out");
    let arguments = ["run", &of.display().to_string(), "--period", "2026-10", "--out", &out.display().to_string()];
    let (code, said) = outcome(&showback(&arguments));
    (code, said, money_in(&out.join("2026-10/run.json")))
}

fn money_in(evidence: &Path) -> Option<String> {
    let text = fs::read_to_string(evidence).ok()?;
    let money = text.lines().find_map(|line| line.trim().strip_prefix("\"money_in\": \""))?;
    Some(money.trim_end_matches(['"', ',']).to_owned())
}

fn azure(run: &str, made: &str, blobs: &str) -> String {
    format!(
        r#"{{"manifestVersion":"2024-04-01","blobCount":1,"exportConfig":{{"exportName":"daily","resourceId":"/sub/1","type":"ActualCost"}},
        "runInfo":{{"runId":"{run}","submittedTime":"{made}","startDate":"2026-10-01T00:00:00","endDate":"2026-10-31T00:00:00"}},"blobs":[{blobs}]}}"#
    )
}

fn blob(name: &str, bytes: usize, rows: u64) -> String {
    format!(r#"{{"blobName":"root/daily/2026-10/{name}","byteCount":{bytes},"dataRowCount":{rows}}}"#)
}

#[test]
fn the_latest_azure_delivery_replaces_earlier_ones() {
    let files = [
        ("azure/2026-10/r1/manifest.json", azure("r1", "2026-10-05T01:00:00Z", &blob("r1/part_1.csv", 7, 1))),
        ("azure/2026-10/r1/part_1.csv", "Cost\n1\n".to_owned()),
        ("azure/2026-10/r2/manifest.json", azure("r2", "2026-11-02T01:00:00Z", &blob("r2/part_1.csv", 9, 2))),
        ("azure/2026-10/r2/part_1.csv", "Cost\n1\n2\n".to_owned()),
        ("azure/2026-10/r2/part_0.csv", "Cost\n100\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (code, said, money) = try_files("azure/{period}/*/manifest.json", &files);
    assert_eq!((code, money.as_deref()), (Some(0), Some("3")), "{said}");
    for words in [
        "this delivery replaces `azure/2026-10/r1/manifest.json`",
        "azure/2026-10/r2",
        "1 file of this folder that no manifest names, not read: `part_0.csv`",
    ] {
        assert!(said.contains(words), "`{words}` is not said in\n{said}");
    }
}

#[test]
fn a_delivery_that_is_not_complete_is_refused() {
    let bill = "Cost\n1\n2\n";
    for (blobs, words) in [
        (
            [blob("r/part_1.csv", 9, 2), blob("r/part_2.csv", 9, 2)].join(","),
            "names `root/daily/2026-10/r/part_2.csv`, and there is no such file",
        ),
        (blob("r/part_1.csv", 90, 2), "this file has 9 bytes, its manifest says 90"),
        (blob("r/part_1.csv", 9, 3), "this file has 2 lines, its manifest says 3"),
        (blob("../../../secret.csv", 9, 2), "there is no such file"),
        (String::new(), "this manifest names no files"),
    ] {
        let manifest = azure("r", "2026-11-02T01:00:00Z", &blobs);
        let files = [
            ("azure/2026-10/r/manifest.json", manifest.as_str()),
            ("azure/2026-10/r/part_1.csv", bill),
            ("secret.csv", bill),
        ];
        let (code, said, money) = try_files("azure/{period}/r/manifest.json", &files);
        assert_eq!((code, money), (Some(3), None), "{words}: {said}");
        assert!(said.contains(words), "`{words}` is not said in\n{said}");
    }
    let files = [("azure/2026-10/manifest.json", "{\"blobs\": ["), ("azure/2026-10/part_1.csv", bill)];
    let (code, said, _) = try_files("azure/{period}/manifest.json", &files);
    assert!(code == Some(3) && said.contains("this is not a manifest"), "{said}");
}

fn cur(assembly: &str, keys: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("\"pre/cur/20261001-20261101/{key}\"")).collect();
    format!(
        r#"{{"assemblyId":"{assembly}","account":"1","reportName":"cur","billingPeriod":{{"start":"20261001T000000.000Z","end":"20261101T000000.000Z"}},"bucket":"b","reportKeys":[{}]}}"#,
        keys.join(",")
    )
}

#[test]
fn the_manifest_above_the_deliveries_of_aws_says_which_one_holds() {
    let (new, old) = (cur("b2", &["b2/cur-1.csv", "b2/cur-2.csv"]), cur("a1", &["a1/cur-1.csv"]));
    let mut files = vec![
        ("2026-10/20261001-20261101/cur-Manifest.json", new.as_str()),
        ("2026-10/20261001-20261101/a1/cur-Manifest.json", old.as_str()),
        ("2026-10/20261001-20261101/a1/cur-1.csv", "Cost\n100\n"),
        ("2026-10/20261001-20261101/b2/cur-Manifest.json", new.as_str()),
        ("2026-10/20261001-20261101/b2/cur-1.csv", "Cost\n1\n"),
        ("2026-10/20261001-20261101/b2/cur-2.csv", "Cost\n2\n"),
    ];
    for pattern in ["{period}/*/cur-Manifest.json", "{period}/**/cur-Manifest.json"] {
        let (code, said, money) = try_files(pattern, &files);
        assert_eq!((code, money.as_deref()), (Some(0), Some("3")), "{said}");
    }
    // Without it nothing says which is the later one.
    files.remove(0);
    let (code, said, _) = try_files("{period}/**/cur-Manifest.json", &files);
    assert_eq!(code, Some(3));
    assert!(said.contains("which is the latest cannot be told"), "{said}");
}

#[test]
fn data_exports_of_aws_are_found_beside_their_metadata() {
    let manifest =
        r#"{"executionId":"e1","dataFiles":["s3://bucket/prefix/focus/data/BILLING_PERIOD=2026-10/focus-00001.csv"]}"#;
    let files = [
        ("focus/metadata/BILLING_PERIOD=2026-10/focus-Manifest.json", manifest),
        ("focus/data/BILLING_PERIOD=2026-10/focus-00001.csv", "Cost\n1.5\n"),
        ("focus/data/BILLING_PERIOD=2026-10/focus-00002.csv", "Cost\n100\n"),
        ("focus-00001.csv", "Cost\n7\n"),
    ];
    let (code, said, money) = try_files("focus/metadata/BILLING_PERIOD={period}/*-Manifest.json", &files);
    assert_eq!((code, money.as_deref()), (Some(0), Some("1.5")), "{said}");
    assert!(said.contains("not read: `focus-00002.csv`"), "{said}");
}

#[test]
fn a_manifest_tells_the_form_of_cost_and_the_kind_of_each_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = folder.path();
    let model = "[model]\nname = \"Forms\"\ncurrency = \"EUR\"\ncomplete = []\n\n[sources.azure]\nformat = \"azure-mca-amortised\"\nfiles = \"{period}/manifest.json\"\n";
    let text = "date,costInBillingCurrency,billingCurrency\n10/01/2026,5,EUR\n";
    let blob = r#"{"blobName":"2026-10/part_1.csv.gz"}"#;
    let manifest = azure("r", "2026-11-02T01:00:00Z", blob);
    let part = of.join("2026-10/part_1.csv.gz");
    write_model(of, &[("model.toml", model), ("2026-10/manifest.json", &manifest)]);
    let mut gz = flate2::write::GzEncoder::new(fs::File::create(&part).expect("made"), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, text.as_bytes()).expect("written");
    gz.finish().expect("finished");
    let out = of.join("out");
    let arguments = ["run", &of.display().to_string(), "--period", "2026-10", "--out", &out.display().to_string()];
    let (code, said) = outcome(&showback(&arguments));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("has actual cost (its manifest says so)"), "{said}");
    write_model(of, &[("2026-10/manifest.json", &manifest.replace("ActualCost", "AmortizedCost"))]);
    let (code, said) = outcome(&showback(&arguments));
    assert_eq!((code, money_in(&out.join("2026-10/run.json")).as_deref()), (Some(0), Some("5")), "{said}");
}
