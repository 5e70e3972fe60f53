//! Conditions on balances, worked out once for every member.

use crate::classify::Key;
use crate::dimension::{Dimension, MemberId};
use crate::model::Model;
use crate::rulebook::condition::{Clauses, Test};
use crate::rulebook::{BalanceField, DimensionId};

/// A condition as a table of yes and no by member.
#[derive(Clone, Debug)]
pub(super) struct Matcher(Vec<Vec<(DimensionId, Vec<bool>)>>);

impl Matcher {
    pub(super) fn new(model: &Model, conditions: &Clauses<BalanceField>) -> Matcher {
        let table = |all: &Vec<_>| {
            all.iter()
                .map(|clause: &crate::rulebook::condition::Clause<BalanceField>| {
                    answers(model, &clause.field, &clause.test)
                })
                .collect()
        };
        Matcher(conditions.0.iter().map(table).collect())
    }

    pub(super) fn matches(&self, key: &Key) -> bool {
        self.holds(|dimension| Some(key[dimension]), false)
    }

    /// Whether it holds for members that are known only in some dimensions; `unknown` answers for the others.
    pub(super) fn holds(&self, member: impl Fn(DimensionId) -> Option<MemberId>, unknown: bool) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|all| {
                all.iter().all(|(dimension, answers)| {
                    member(*dimension).map_or(unknown, |member| answers.get(member.index()).copied().unwrap_or(false))
                })
            })
    }
}

fn answers(model: &Model, field: &BalanceField, test: &Test) -> (DimensionId, Vec<bool>) {
    let (dimension, attribute) = match field {
        BalanceField::Dimension(dimension) => (*dimension, None),
        BalanceField::Attribute(dimension, name) => {
            (*dimension, Some(model.dimensions[*dimension].attributes.iter().position(|known| known == name)))
        }
    };
    let members = &model.dimensions[dimension];
    let blank = MemberId(0);
    let answer = |member: MemberId| {
        let is_under = |parent: &str| members.find(parent).is_some_and(|parent| members.is_leaf_under(member, parent));
        match attribute {
            None => passes(members, test, member, &is_under),
            Some(attribute) => {
                let value = attribute.map_or("", |attribute| members.attribute(member, attribute));
                test.passes(value, &is_under)
            }
        }
    };
    (dimension, std::iter::once(blank).chain(members.ids()).map(answer).collect())
}

/// A name in a condition means the member, by whichever of its names it is written.
fn passes(members: &Dimension, test: &Test, member: MemberId, is_under: &dyn Fn(&str) -> bool) -> bool {
    match test {
        Test::Is(name) => !member.is_blank() && members.find(name) == Some(member),
        Test::Any(tests) => tests.iter().any(|test| passes(members, test, member, is_under)),
        Test::Not(test) => !passes(members, test, member, is_under),
        other => other.passes(members.member_name(member), is_under),
    }
}
