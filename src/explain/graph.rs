//! The graph of a run: every place where money was, and every part that moved from one to another.
//!
//! It is replayed from opening balances and entries, step by step, and must arrive exactly at the closing balances.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Fault;
use crate::money::{Amount, Currency};

/// Members of all dimensions, by number; 0 is blank.
pub(super) type Key = Box<[u32]>;

/// Index of a place in a graph.
pub type PlaceId = usize;

/// Everything that happened to the money of a run, ready to be followed either way.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Name of the organisation.
    pub name: String,
    /// The period.
    pub period: String,
    /// The currency of the books.
    pub currency: Currency,
    /// Names of the dimensions that money had members in.
    pub dimensions: Vec<String>,
    /// Names by dimension and member; the first is blank.
    pub(super) members: Vec<Vec<String>>,
    /// The rules that moved money.
    pub rules: Vec<RuleWords>,
    /// What stands in a charge line beside its amounts: names of columns.
    pub columns: Vec<String>,
    /// The charge lines.
    pub lines: Vec<Line>,
    /// The opening balances.
    pub origins: Vec<Origin>,
    pub(super) places: Vec<Place>,
    /// Whether a step is a loop.
    pub(super) loops: Vec<bool>,
    pub(super) postings: Vec<Posting>,
    pub(super) parts: Vec<Part>,
    pub(super) ends: Vec<End>,
    /// Ends by line.
    pub(super) ends_of: Vec<Vec<usize>>,
}

/// A rule, in the words that a reader needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleWords {
    /// Its name.
    pub id: String,
    /// Why it is there.
    pub why: String,
    /// What it splits by.
    pub by: String,
    /// What its quantities count; empty where no one driver says so.
    pub measure: String,
    /// Where it stands.
    pub place: String,
}

/// A charge line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its identity.
    pub id: String,
    /// What stands in each of [`Graph::columns`].
    pub values: Box<[Arc<str>]>,
    /// The amount in minor units.
    pub minor: i128,
    /// The exact amount.
    pub exact: Amount,
}

/// An opening balance: money as it entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where it entered.
    pub place: PlaceId,
    /// The file it is from, or several with `; ` between.
    pub file: String,
    /// How many lines it is the sum of.
    pub lines: u64,
    /// The money.
    pub amount: Amount,
}

/// A place of money, from when money first came there until its dimensions are summed away.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) key: Key,
    /// Finer places that were added up into this one: before which step, which, and how much they held.
    pub(super) merged: Vec<(usize, PlaceId, Amount)>,
    /// The coarser place that it was added up into.
    pub(super) into: Option<PlaceId>,
    /// Parts that came here, with their step.
    pub(super) arrived: Vec<(usize, usize)>,
    /// Postings from here, with their step; one a step.
    pub(super) sent: Vec<(usize, usize)>,
    /// Opening balances that entered here.
    pub(super) opened: Vec<usize>,
}

/// What was taken of a balance in a step.
#[derive(Clone, Debug)]
pub(super) struct Posting {
    pub(super) step: usize,
    pub(super) rule: usize,
    pub(super) from: PlaceId,
    /// What was there: when the step began, and in a loop also what was received in it.
    pub(super) balance: Amount,
    pub(super) taken: Amount,
    pub(super) parts: std::ops::Range<usize>,
}

impl Posting {
    /// Its parts; none where the rule `without` moved them.
    pub(super) fn parts_without<'g>(&self, graph: &'g Graph, without: Option<usize>) -> &'g [Part] {
        if without == Some(self.rule) { &[] } else { &graph.parts[self.parts.clone()] }
    }
}

/// A part of a posting.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) posting: usize,
    pub(super) to: PlaceId,
    pub(super) quantity: Amount,
    pub(super) total: Amount,
    pub(super) amount: Amount,
}

/// A closing balance, or what of it is in a line.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) place: PlaceId,
    pub(super) amount: Amount,
    /// What the place holds in all.
    pub(super) balance: Amount,
}

impl Graph {
    /// The name of a member; empty for blank.
    pub(super) fn member(&self, place: PlaceId, dimension: usize) -> &str {
        let member = self.places[place].key[dimension];
        self.members[dimension].get(member as usize).map_or("", String::as_str)
    }

    /// The members of a place by name, for the dimensions in which it has one.
    pub fn members_of(&self, place: PlaceId) -> impl Iterator<Item = (&str, &str)> {
        let named = self.dimensions.iter().enumerate().map(move |(at, name)| (name.as_str(), self.member(place, at)));
        named.filter(|(_, member)| !member.is_empty())
    }

    /// The member of a place in a dimension by name; empty where it has none.
    #[must_use]
    pub fn member_in(&self, place: PlaceId, dimension: &str) -> &str {
        let at = self.dimensions.iter().position(|name| name == dimension);
        at.map_or("", |at| self.member(place, at))
    }

    /// All names of members of a dimension.
    pub fn names(&self, dimension: &str) -> impl Iterator<Item = &str> {
        let at = self.dimensions.iter().position(|name| name == dimension);
        at.into_iter().flat_map(|at| self.members[at].iter().skip(1).map(String::as_str))
    }

    /// What stands in a column of a line; empty where there is no such column.
    #[must_use]
    pub fn value<'g>(&'g self, line: &'g Line, column: &str) -> &'g str {
        self.columns.iter().position(|name| name == column).map_or("", |at| &*line.values[at])
    }

    /// The members that say who sends and who receives in a hop: of the service, and of all dimensions in which the two
    /// places differ.
    pub(super) fn who(&self, from: PlaceId, to: PlaceId) -> (Vec<u32>, Vec<u32>) {
        let (from, to) = (&self.places[from].key, &self.places[to].key);
        let tells = |at: &usize| from[*at] != to[*at] || self.dimensions[*at] == "service";
        let of = |key: &Key| (0..key.len()).map(|at| if tells(&at) { key[at] } else { 0 }).collect();
        (of(from), of(to))
    }

    /// How many entries it has.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.parts.len()
    }
}

/// An entry as it is read.
pub(super) struct EntryRead {
    pub(super) step: usize,
    pub(super) rule: usize,
    pub(super) from: Key,
    pub(super) to: Key,
    pub(super) quantity: Amount,
    pub(super) total: Amount,
    pub(super) amount: Amount,
}

/// Replays a run.
pub(super) struct Builder {
    graph: Graph,
    /// Dimensions that balances have in each step, and at the end.
    present: Vec<Vec<usize>>,
    /// Dimensions that balances have now.
    now: Vec<usize>,
    live: FxHashMap<Key, PlaceId>,
    balances: Vec<Amount>,
    /// Steps that have begun.
    begun: usize,
    pending: Vec<EntryRead>,
}

impl Builder {
    /// A graph with its names and lines; `present` are the dimensions that balances have in each step, and at the end.
    pub(super) fn new(graph: Graph, present: Vec<Vec<usize>>) -> Builder {
        let now = (0..graph.dimensions.len()).collect();
        let (live, balances) = (FxHashMap::default(), Vec::new());
        Builder { graph, present, now, live, balances, begun: 0, pending: Vec::new() }
    }

    /// Names the members, where their names were not known from the beginning.
    pub(super) fn name_members(&mut self, members: Vec<Vec<String>>) {
        self.graph.members = members;
    }

    fn place(&mut self, key: Key) -> PlaceId {
        if let Some(place) = self.live.get(&key) {
            return *place;
        }
        let place = self.graph.places.len();
        self.graph.places.push(Place { key: key.clone(), ..Place::default() });
        self.balances.push(Amount::ZERO);
        self.live.insert(key, place);
        place
    }

    pub(super) fn open(&mut self, key: Key, file: String, lines: u64, amount: Amount) {
        let place = self.place(key);
        self.balances[place] += amount;
        self.graph.places[place].opened.push(self.graph.origins.len());
        self.graph.origins.push(Origin { place, file, lines, amount });
    }

    pub(super) fn entry(&mut self, entry: EntryRead) {
        if self.pending.last().is_some_and(|last| last.step != entry.step) {
            self.settle();
        }
        self.pending.push(entry);
    }

    /// Sums away what is no longer there in a step.
    fn begin(&mut self, step: usize) {
        while self.begun <= step && self.begun < self.present.len() {
            if self.present[self.begun] != self.now {
                self.now.clone_from(&self.present[self.begun]);
                self.sum_away(self.begun);
            }
            self.begun += 1;
        }
    }

    fn sum_away(&mut self, step: usize) {
        let mut places: Vec<(Key, PlaceId)> = self.live.drain().collect();
        places.sort_unstable_by_key(|(_, place)| *place);
        let reduced = |key: &Key, now: &[usize]| -> Key {
            let mut reduced: Key = vec![0; key.len()].into();
            for dimension in now {
                reduced[*dimension] = key[*dimension];
            }
            reduced
        };
        let (same, finer): (Vec<_>, Vec<_>) = places.into_iter().partition(|(key, _)| reduced(key, &self.now) == *key);
        self.live.extend(same);
        for (key, place) in finer {
            let into = self.place(reduced(&key, &self.now));
            let held = self.balances[place];
            self.graph.places[into].merged.push((step, place, held));
            self.graph.places[place].into = Some(into);
            self.balances[into] += held;
        }
    }

    /// Books the entries of a step together.
    fn settle(&mut self) {
        let entries = std::mem::take(&mut self.pending);
        let Some(first) = entries.first() else { return };
        let step = first.step;
        self.begin(step);
        let mut order: Vec<PlaceId> = Vec::new();
        let mut by_sender: FxHashMap<PlaceId, (usize, Vec<Part>)> = FxHashMap::default();
        for entry in entries {
            let (from, to) = (self.place(entry.from), self.place(entry.to));
            let parts = by_sender.entry(from).or_insert_with(|| {
                order.push(from);
                (entry.rule, Vec::new())
            });
            let EntryRead { quantity, total, amount, .. } = entry;
            parts.1.push(Part { posting: 0, to, quantity, total, amount });
        }
        let is_loop = self.graph.loops.get(step).copied().unwrap_or_default();
        let before: Vec<Amount> = order.iter().map(|from| self.balances[*from]).collect();
        let first_posting = self.graph.postings.len();
        for (from, balance) in order.iter().zip(before) {
            let Some((rule, parts)) = by_sender.remove(from) else { continue };
            let posting = self.graph.postings.len();
            let begin = self.graph.parts.len();
            let mut taken = Amount::ZERO;
            for part in parts {
                taken += part.amount;
                self.balances[*from] -= part.amount;
                self.balances[part.to] += part.amount;
                self.graph.places[part.to].arrived.push((step, self.graph.parts.len()));
                self.graph.parts.push(Part { posting, ..part });
            }
            self.graph.places[*from].sent.push((step, posting));
            let parts = begin..self.graph.parts.len();
            self.graph.postings.push(Posting { step, rule, from: *from, balance, taken, parts });
        }
        if is_loop {
            // What a sender has in a loop: what stays on it, and all that it hands on.
            for posting in &mut self.graph.postings[first_posting..] {
                posting.balance = self.balances[posting.from] + posting.taken;
            }
        }
    }

    /// Ends the replay; `ends` are the closing balances with the line that each is part of.
    pub(super) fn finish(mut self, ends: Vec<(Key, Option<usize>, Amount)>) -> Result<Graph, Fault> {
        self.settle();
        self.begin(self.present.len());
        let mut closing: FxHashMap<PlaceId, Amount> = FxHashMap::default();
        let mut graph_ends = Vec::new();
        for (key, line, amount) in ends {
            let Some(place) = self.live.get(&key).copied() else { return Err(self.differs(&key, amount)) };
            *closing.entry(place).or_default() += amount;
            graph_ends.push((line, End { place, amount, balance: self.balances[place] }));
        }
        for (key, place) in &self.live {
            let expected = closing.get(place).copied().unwrap_or_default();
            if expected != self.balances[*place] {
                return Err(self.differs(key, expected));
            }
        }
        self.graph.ends_of = vec![Vec::new(); self.graph.lines.len()];
        for (line, end) in graph_ends {
            if let Some(line) = line {
                self.graph.ends_of[line].push(self.graph.ends.len());
            }
            self.graph.ends.push(end);
        }
        for (line, ends) in self.graph.lines.iter().zip(&self.graph.ends_of) {
            let sum: Amount = ends.iter().map(|end| self.graph.ends[*end].amount).sum();
            if sum != line.exact {
                let what = format!("charge line {}", line.id);
                return Err(Fault::Differs { what, expected: line.exact, found: sum });
            }
        }
        Ok(self.graph)
    }

    fn differs(&self, key: &Key, expected: Amount) -> Fault {
        let place = self.live.get(key);
        let named = key.iter().enumerate().map(|(at, member)| self.graph.members[at][*member as usize].as_str());
        let named: Vec<&str> = named.filter(|name| !name.is_empty()).collect();
        let found = place.map_or(Amount::ZERO, |place| self.balances[*place]);
        Fault::Differs { what: format!("the closing balance of {}", named.join(" · ")), expected, found }
    }
}
