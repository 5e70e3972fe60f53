//! Dimensions and their members: what money is sorted by.
//!
//! A member is a small number, [`MemberId`]; 0 is blank. Once a dimension is sealed, the numbers run in the
//! order in which ties are broken: by the `order` column, then by name (NFC, bytes).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;
use unicode_normalization::UnicodeNormalization;

use crate::period::Validity;

/// A member of a dimension; [`BLANK`] is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u32);

/// No member: not set.
pub const BLANK: MemberId = MemberId(0);

/// The word that clears a dimension in a driver row.
pub const NONE_WORD: &str = "(none)";

/// What messages show for a personal name that is in no list.
pub const HIDDEN: &str = "(personal)";

/// What reports say in place of the business unit of unallocated money.
pub const UNALLOCATED: &str = "(unallocated)";

/// What a member cannot be called, in words that follow its name; the name of the dimension follows them.
pub const RESERVED: &str = "cannot name a member of";

/// Which words they are, for who used one as a name.
pub const RESERVED_HELP: &str = "(none), (unallocated), (personal), (no …) and * have meanings of their own in tables and reports: choose another name";

impl MemberId {
    /// Whether no member is set.
    #[must_use]
    pub const fn is_blank(self) -> bool {
        self.0 == 0
    }

    /// Index into lists that have an entry for blank first.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is known of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Its name, in NFC.
    pub name: String,
    /// The member above it.
    pub parent: MemberId,
    /// Whether other members are below it.
    pub is_parent: bool,
    /// Values of [`Dimension::attributes`], in their order.
    pub attributes: Vec<String>,
    /// When it exists.
    pub valid: Validity,
    /// Whether it exists in the period that is run: on its last day, or on any where parts of a period count.
    pub is_valid: bool,
    /// The spans in which it exists, where it counts by its days; empty where it counts whole.
    pub spans: Vec<Validity>,
    /// Rank before the name when ties are broken.
    pub order: i64,
}

/// Names of people that nothing may show, by the name: what is shown in its place. Shared by all dimensions.
pub type People = Arc<BTreeMap<String, String>>;

/// A dimension with its members.
#[derive(Clone, Debug, Default)]
pub struct Dimension {
    /// Name in the rules.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Whether only listed members are allowed.
    pub is_closed: bool,
    /// Whether its names are personal: members are found by them and shown by number.
    pub is_personal: bool,
    /// Names of the attributes its members have.
    pub attributes: Vec<String>,
    /// Members; the first stands for blank.
    members: Vec<Member>,
    /// Names that are hidden, by member; empty where none are.
    hidden: Vec<String>,
    /// Names of people that are hidden everywhere, and what stands in their place.
    people: People,
    /// Names and aliases.
    index: HashMap<String, MemberId, FxBuildHasher>,
}

/// A name in the form in which names are compared: NFC, without blanks around it.
#[must_use]
pub fn normal_name(name: &str) -> String {
    let name = name.trim();
    if name.is_ascii() { name.to_owned() } else { name.nfc().collect() }
}

/// Pairs of members whose names are different letters that look alike, such as Latin `P` and Cyrillic `Р`.
///
/// Names in plain ASCII are never compared with each other: `O` and `0` are told apart in practice.
#[must_use]
pub fn look_alikes(dimension: &Dimension) -> Vec<(&str, &str)> {
    if dimension.names().all(str::is_ascii) {
        return Vec::new();
    }
    let mut by_skeleton: HashMap<String, &str, FxBuildHasher> = HashMap::default();
    let mut pairs = Vec::new();
    for name in dimension.names() {
        let skeleton: String = unicode_security::skeleton(name).collect();
        match by_skeleton.get(&skeleton) {
            Some(other) if !(name.is_ascii() && other.is_ascii()) => pairs.push((*other, name)),
            Some(_) => {}
            None => {
                by_skeleton.insert(skeleton, name);
            }
        }
    }
    pairs
}

impl Dimension {
    /// An open dimension without members yet.
    #[must_use]
    pub fn open(name: &str, label: &str) -> Dimension {
        Dimension {
            name: name.to_owned(),
            label: label.to_owned(),
            members: vec![Member { is_valid: true, ..Member::default() }],
            ..Dimension::default()
        }
    }

    /// A closed dimension with these members. Their parents are given by index into the list.
    #[must_use]
    pub fn closed(name: &str, label: &str, attributes: Vec<String>, members: &[(Member, Option<usize>)]) -> Dimension {
        let mut dimension = Dimension { is_closed: true, attributes, ..Dimension::open(name, label) };
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by(|a, b| {
            let key = |at: usize| (members[at].0.order, &members[at].0.name);
            key(*a).cmp(&key(*b))
        });
        let mut id_of = vec![BLANK; members.len()];
        for (rank, at) in order.iter().enumerate() {
            id_of[*at] = MemberId(u32::try_from(rank + 1).unwrap_or(u32::MAX));
        }
        for at in &order {
            let (member, parent) = &members[*at];
            let parent = parent.map_or(BLANK, |parent| id_of[parent]);
            dimension.index.insert(member.name.clone(), id_of[*at]);
            dimension.members.push(Member { parent, ..member.clone() });
        }
        for at in 1..dimension.members.len() {
            let parent = dimension.members[at].parent;
            if !parent.is_blank() {
                dimension.members[parent.index()].is_parent = true;
            }
        }
        dimension
    }

    /// Adds another name of a member; `false` when the name is taken by another one.
    pub fn add_alias(&mut self, alias: &str, member: MemberId) -> bool {
        let alias = normal_name(alias);
        *self.index.entry(alias).or_insert(member) == member
    }

    /// Takes the names out: members are still found by them, and are called by their label and order from here on.
    pub fn hide_names(&mut self) {
        self.is_personal = true;
        self.hidden = vec![String::new()];
        for member in self.members.iter_mut().skip(1) {
            let shown = format!("{} {}", self.label, member.order);
            self.hidden.push(std::mem::replace(&mut member.name, shown));
        }
    }

    /// The hidden names and aliases of its members, with what stands in their place. An alias without a letter, such as
    /// a number of the payroll, may mean something else in other columns, and is not among them.
    pub fn hidden_names(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let hidden = self.index.iter().filter(|_| self.is_personal);
        let named = hidden.filter(|(name, id)| *name == self.found_by(**id) || name.chars().any(char::is_alphabetic));
        named.map(|(name, id)| (name.clone(), self.member_name(*id).to_owned()))
    }

    /// Says whose names are hidden in other dimensions. Members here that are called like one of them are shown as these are.
    pub fn set_people(&mut self, people: &People) {
        self.people = Arc::clone(people);
        self.hide_people();
    }

    fn hide_people(&mut self) {
        let is_hidden = |member: &Member| self.people.contains_key(&member.name);
        if self.is_personal || !self.members.iter().skip(1).any(is_hidden) {
            return;
        }
        self.hidden = self.members.iter().map(|member| member.name.clone()).collect();
        for member in &mut self.members {
            if let Some(shown) = self.people.get(&member.name) {
                member.name.clone_from(shown);
            }
        }
    }

    /// A text that is no name of a member here as it may be shown: the full name, or an alias, of somebody whose name
    /// is hidden is replaced.
    #[must_use]
    pub fn told<'n>(&'n self, text: &'n str) -> &'n str {
        if self.people.is_empty() {
            return text;
        }
        self.people.get(&normal_name(text)).map_or(text, String::as_str)
    }

    /// A name as messages may show it: where names are personal, the number it stands for.
    #[must_use]
    pub fn shown<'n>(&'n self, name: &'n str) -> &'n str {
        if !self.is_personal {
            return self.told(name);
        }
        self.find(name).map_or(HIDDEN, |id| self.member_name(id))
    }

    /// The member of a name or alias.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<MemberId> {
        self.index.get(name).or_else(|| self.index.get(&normal_name(name))).copied()
    }

    /// Whether a name is a word that tables and reports use where there is no member, or for all of them.
    #[must_use]
    pub fn is_reserved(&self, name: &str) -> bool {
        let name = normal_name(name);
        let is_none_of =
            |rest: &str| rest.to_lowercase().starts_with(&self.label.to_lowercase()) && rest.ends_with(')');
        ["*", NONE_WORD, UNALLOCATED, HIDDEN].contains(&name.as_str())
            || name.strip_prefix("(no ").is_some_and(is_none_of)
    }

    /// The member of a name, added when an open dimension does not have it yet. `None` in a closed one, and for a
    /// reserved word.
    pub fn find_or_add(&mut self, name: &str) -> Option<MemberId> {
        if let Some(found) = self.find(name) {
            return Some(found);
        }
        if self.is_closed || self.is_reserved(name) {
            return None;
        }
        let id = MemberId(u32::try_from(self.members.len()).ok()?);
        let name = normal_name(name);
        let shown = self.people.get(&name).cloned();
        if shown.is_some() {
            // Those that came before it are called as they are found.
            let others = self.members[self.hidden.len()..].iter().map(|member| member.name.clone());
            self.hidden.extend(others);
            self.hidden.push(name.clone());
        }
        self.members.push(Member { name: shown.unwrap_or_else(|| name.clone()), is_valid: true, ..Member::default() });
        self.index.insert(name, id);
        Some(id)
    }

    /// Puts the members of an open dimension in the order of their names. Gives the new number of each.
    pub fn seal(&mut self) -> Vec<MemberId> {
        let mut order: Vec<usize> = (1..self.members.len()).collect();
        if !self.is_closed {
            // Hidden names are in the order of the names, too, and members may have come since they were hidden.
            for (member, name) in self.members.iter_mut().zip(std::mem::take(&mut self.hidden)) {
                member.name = name;
            }
            order.sort_by(|a, b| self.members[*a].name.cmp(&self.members[*b].name));
        }
        let mut renumbered = vec![BLANK; self.members.len()];
        let mut members = vec![std::mem::take(&mut self.members[0])];
        for (rank, at) in order.into_iter().enumerate() {
            renumbered[at] = MemberId(u32::try_from(rank + 1).unwrap_or(u32::MAX));
            members.push(std::mem::take(&mut self.members[at]));
        }
        self.members = members;
        for id in self.index.values_mut() {
            *id = renumbered[id.index()];
        }
        if !self.is_closed {
            self.hide_people();
        }
        renumbered
    }

    /// What is known of a member.
    #[must_use]
    pub fn member(&self, id: MemberId) -> &Member {
        &self.members[id.index()]
    }

    /// The name of a member; empty for blank.
    #[must_use]
    pub fn member_name(&self, id: MemberId) -> &str {
        &self.members[id.index()].name
    }

    /// The name by which a member is found, here and in other models. Nothing may show it: where names are personal, it is the
    /// hidden one.
    #[must_use]
    pub fn found_by(&self, id: MemberId) -> &str {
        self.hidden.get(id.index()).map_or_else(|| self.member_name(id), String::as_str)
    }

    /// The value of an attribute of a member; empty when it has none.
    #[must_use]
    pub fn attribute(&self, id: MemberId, attribute: usize) -> &str {
        self.members[id.index()].attributes.get(attribute).map_or("", String::as_str)
    }

    /// All members, in order, without blank.
    pub fn ids(&self) -> impl Iterator<Item = MemberId> + use<> {
        (1..self.members.len()).map(|at| MemberId(u32::try_from(at).unwrap_or(u32::MAX)))
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members[1..].iter().map(|member| member.name.as_str())
    }

    /// Members that nobody is below and that exist in the period.
    pub fn valid_leaves(&self) -> impl Iterator<Item = MemberId> + '_ {
        self.ids().filter(|id| !self.member(*id).is_parent && self.member(*id).is_valid)
    }

    /// Whether `member` is a leaf somewhere below `parent`.
    #[must_use]
    pub fn is_leaf_under(&self, member: MemberId, parent: MemberId) -> bool {
        let mut above = self.member(member).parent;
        // A chain of parents is no longer than there are members, so a loop in it ends the search.
        for _ in 0..self.members.len() {
            if above.is_blank() || self.member(member).is_parent {
                return false;
            }
            if above == parent {
                return true;
            }
            above = self.member(above).parent;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Member {
        Member { name: name.to_owned(), is_valid: true, ..Member::default() }
    }

    #[test]
    fn members_are_numbered_by_order_then_name() {
        let first = Member { order: -1, ..named("Zoo") };
        let list = vec![(named("Beta"), None), (first, None), (named("Alpha"), None)];
        let dimension = Dimension::closed("unit", "Unit", Vec::new(), &list);
        assert_eq!(dimension.names().collect::<Vec<_>>(), ["Zoo", "Alpha", "Beta"]);
        assert_eq!(dimension.find(" Beta "), Some(MemberId(3)));
    }

    #[test]
    fn sealing_an_open_dimension_sorts_its_names() {
        let mut dimension = Dimension::open("tower", "Tower");
        let network = dimension.find_or_add("Network").expect("added");
        let compute = dimension.find_or_add("Compute").expect("added");
        let renumbered = dimension.seal();
        assert!(renumbered[compute.index()] < renumbered[network.index()]);
        assert_eq!(dimension.find("Network"), Some(MemberId(2)));
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_name() {
        let mut dimension = Dimension::open("unit", "Unit");
        let composed = dimension.find_or_add("Z\u{fc}rich");
        assert_eq!(dimension.find_or_add("Zu\u{308}rich"), composed);
    }

    #[test]
    fn leaves_are_found_below_any_parent() {
        let list =
            vec![(named("Group"), None), (named("Retail"), Some(0)), (named("Shops"), Some(1)), (named("HQ"), None)];
        let dimension = Dimension::closed("unit", "Unit", Vec::new(), &list);
        let id = |name: &str| dimension.find(name).expect("a member");
        assert!(dimension.is_leaf_under(id("Shops"), id("Group")));
        assert!(!dimension.is_leaf_under(id("Retail"), id("Group")));
        assert!(!dimension.is_leaf_under(id("HQ"), id("Group")));
        let leaves: Vec<&str> = dimension.valid_leaves().map(|leaf| dimension.member_name(leaf)).collect();
        assert_eq!(leaves, ["HQ", "Shops"]);
    }
}
