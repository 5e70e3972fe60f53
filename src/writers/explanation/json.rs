//! An explanation as JSON.

use serde_json::{Value as Json, json};

use super::{Branch, Explanation, branches, of_lines, other_rows, outcome_words};
use crate::classify::trace::Outcome;
use crate::explain::{Graph, Hop, Part, PartOf, RowPart, Way, hop_in_words, part_in_words};
use crate::money::Amount;

/// One JSON object on a line; exact amounts as texts.
#[must_use]
pub fn json(graph: &Graph, explanation: &Explanation, top: usize) -> String {
    let mut object = json!({
        "kind": "explanation",
        "period": graph.period,
        "currency": graph.currency.code(),
        "of": explanation.title,
    });
    if let Some(listed) = &explanation.listed {
        let ids: Vec<&str> = explanation.lines.iter().map(|line| graph.lines[*line].id.as_str()).collect();
        object["figure"] = json!(graph.currency.plain(graph.currency.round(listed.figure)));
        object["lines"] = json!(ids);
        object["hops"] = way_json(graph, &explanation.way, top);
        object["parts"] = listed.parts.iter().take(top).map(|part| part_json(graph, part)).collect();
        let rest = listed.parts.get(top..).unwrap_or_default();
        let amount: Amount = rest.iter().map(|part| part.amount).sum();
        object["rest"] = json!({ "count": rest.len(), "amount": amount.to_string() });
        object["rounding"] = json!(listed.rounding.to_string());
    }
    if let Some(rows) = &explanation.rows {
        let stopped: Vec<Json> = rows.stopped.iter().map(|(file, why)| json!({ "file": file, "why": why })).collect();
        let largest: Vec<Json> = rows.largest.iter().map(row_json).collect();
        let (count, amount) = other_rows(rows, explanation.listed.as_ref());
        let rest = json!({ "count": count, "amount": amount.to_string() });
        object["rows"] = json!({ "count": rows.count, "largest": largest, "rest": rest, "not_listed": stopped });
    }
    if let Some(found) = &explanation.found {
        let traced: Vec<Json> = found
            .traced
            .iter()
            .map(|traced| {
                let is_set = matches!(traced.outcome, Outcome::Set(..));
                let words = outcome_words(&traced.outcome);
                json!({ "rule": traced.by, "place": traced.place, "why": traced.why, "set": is_set, "words": words })
            })
            .collect();
        object["row"] = row_json(&found.row);
        object["rules"] = json!(traced);
    }
    if let Some(forward) = &explanation.forward {
        let lines = of_lines(explanation, forward);
        let pays: Vec<Json> =
            lines.iter().take(top).map(|(line, amount)| pays_json(graph, explanation, *line, *amount)).collect();
        let rest = lines.get(top..).unwrap_or_default();
        let amount: Amount = rest.iter().map(|(_, amount)| *amount).sum();
        object["entered"] = json!(forward.amount.to_string());
        if let Some(within) = &explanation.within {
            let amount: Amount = lines.iter().map(|(_, amount)| *amount).sum();
            object["within"] = json!({ "of": within, "amount": amount.to_string() });
        }
        object["pays"] = json!(pays);
        object["rest"] = json!({ "count": rest.len(), "amount": amount.to_string() });
        if explanation.only.is_none() {
            object["difference"] = json!(forward.difference.to_string());
        }
    }
    format!("{object}\n")
}

fn pays_json(graph: &Graph, explanation: &Explanation, line: usize, amount: Amount) -> Json {
    let through = explanation.through.iter().find(|(other, _)| *other == line);
    let rules = through.into_iter().flat_map(|(_, rules)| rules);
    let rules: Vec<Json> =
        rules.map(|(rule, amount)| json!({ "rule": graph.rules[*rule].id, "amount": amount.to_string() })).collect();
    let line = &graph.lines[line];
    let members: serde_json::Map<String, Json> =
        graph.columns.iter().cloned().zip(line.values.iter().map(|value| json!(**value))).collect();
    json!({ "line": line.id, "members": members, "amount": amount.to_string(), "through": rules })
}

/// What a way is made of, largest first; where not all is listed, the rest counted and summed as the last.
fn way_json(graph: &Graph, way: &Way, top: usize) -> Json {
    let (listed, others, amount) = branches(way, top);
    let rest = (others > 0).then(|| json!({ "rest": { "count": others, "amount": amount.to_string() } }));
    let branch = |(_, branch): &(Amount, Branch<'_>)| match branch {
        Branch::Hop(hop) => hop_json(graph, hop, top),
        Branch::Part(part) => part_json(graph, part),
    };
    listed.iter().map(branch).chain(rest).collect()
}

fn hop_json(graph: &Graph, hop: &Hop, top: usize) -> Json {
    let rule = &graph.rules[hop.rule];
    json!({
        "rule": rule.id,
        "why": rule.why,
        "by": rule.by,
        "measure": rule.measure,
        "quantity": hop.quantity.to_string(),
        "total": hop.total.to_string(),
        "handed_out": hop.handed_out.to_string(),
        "moved": hop.moved.to_string(),
        "amount": hop.amount.to_string(),
        "loop": hop.is_loop,
        "words": hop_in_words(graph, hop),
        "before": way_json(graph, &hop.before, top),
    })
}

fn part_json(graph: &Graph, part: &Part) -> Json {
    match part.of {
        PartOf::Origin(origin) => {
            let origin = &graph.origins[origin];
            let members: serde_json::Map<String, Json> = graph
                .members_of(origin.place)
                .map(|(dimension, member)| (dimension.to_owned(), json!(member)))
                .collect();
            json!({
                "file": origin.file,
                "lines": origin.lines,
                "members": members,
                "opening": origin.amount.to_string(),
                "amount": part.amount.to_string(),
            })
        }
        PartOf::Bill(_) => json!({ "bill": part_in_words(graph, part), "amount": part.amount.to_string() }),
    }
}

fn row_json(row: &RowPart) -> Json {
    let texts: serde_json::Map<String, Json> =
        row.texts.iter().map(|(column, text)| (column.clone(), json!(text))).collect();
    json!({
        "source": row.source,
        "file": row.file,
        "row": row.row,
        "money": row.money.to_string(),
        "hours": row.hours.map(|hours| hours.to_string()),
        "amount": row.amount.to_string(),
        "columns": texts,
    })
}
