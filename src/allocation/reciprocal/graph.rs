//! Who reaches whom: circles of senders, upstream first.

use std::ops::Range;

use super::Sender;

/// Not yet seen, or not yet placed.
const NONE: usize = usize::MAX;

/// Where a sender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its group.
    pub(super) group: usize,
    /// Its position in the group.
    pub(super) at: usize,
}

/// The strongly connected components of the senders.
pub(super) struct Groups {
    /// The senders of every group. Groups come upstream first; the senders of a group in the order in
    /// which most arcs point forward (reverse postorder), which is what sweeps want.
    pub(super) members: Vec<Vec<usize>>,
    /// By sender.
    pub(super) place: Vec<Place>,
}

impl Groups {
    /// Tarjan's algorithm (R. Tarjan, "Depth-first search and linear graph algorithms", 1972) with a
    /// path of its own in place of recursion: a chain may be as long as there are senders.
    pub(super) fn of(senders: &[Sender]) -> Groups {
        let count = senders.len();
        let mut seen_at = vec![NONE; count];
        let mut low = vec![NONE; count];
        let mut component = vec![NONE; count];
        let mut components = 0;
        let mut seen = 0;
        let mut open = Vec::new();
        let mut finished = Vec::with_capacity(count);
        let mut path: Vec<(usize, usize)> = Vec::new();
        for root in 0..count {
            if seen_at[root] == NONE {
                path.push((root, 0));
            }
            while let Some((sender, next)) = path.last_mut() {
                let sender = *sender;
                if seen_at[sender] == NONE {
                    (seen_at[sender], low[sender]) = (seen, seen);
                    seen += 1;
                    open.push(sender);
                }
                if let Some((target, weight)) = senders[sender].targets.get(*next) {
                    *next += 1;
                    match *target {
                        Some(target) if *weight > 0 && seen_at[target] == NONE => path.push((target, 0)),
                        Some(target) if *weight > 0 && component[target] == NONE => {
                            low[sender] = low[sender].min(seen_at[target]);
                        }
                        _ => {}
                    }
                    continue;
                }
                path.pop();
                finished.push(sender);
                if let Some((parent, _)) = path.last() {
                    low[*parent] = low[*parent].min(low[sender]);
                }
                if low[sender] == seen_at[sender] {
                    while let Some(member) = open.pop() {
                        component[member] = components;
                        if member == sender {
                            break;
                        }
                    }
                    components += 1;
                }
            }
        }
        // Components are found downstream first.
        let mut members = vec![Vec::new(); components];
        let mut place = vec![Place { group: NONE, at: NONE }; count];
        for sender in finished.into_iter().rev() {
            let group = components - 1 - component[sender];
            place[sender] = Place { group, at: members[group].len() };
            members[group].push(sender);
        }
        Groups { members, place }
    }
}

/// One target of a member of a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arc {
    /// The member it leads to; `None` leads out of the circle, to a receiver or further downstream.
    pub(super) to: Option<usize>,
    /// Its weight without the common divisor of its sender's weights; 0 hands out nothing.
    pub(super) weight: i128,
}

/// A group whose members reach each other. Members are numbered by their position in the group.
pub(super) struct Circle {
    /// The targets of all members, member by member, in the order of the senders' targets.
    pub(super) arcs: Vec<Arc>,
    /// The sums of the weights by member.
    pub(super) totals: Vec<i128>,
    /// Where the arcs of a member begin; one more at the end.
    starts: Vec<usize>,
}

impl Circle {
    /// The circle of a group; `None` if the weights of a sender add up to more than 128 bits hold.
    pub(super) fn new(senders: &[Sender], groups: &Groups, group: usize) -> Option<Circle> {
        let members = &groups.members[group];
        let arcs = members.iter().map(|member| senders[*member].targets.len()).sum();
        let mut circle = Circle {
            arcs: Vec::with_capacity(arcs),
            totals: Vec::with_capacity(members.len()),
            starts: Vec::with_capacity(members.len() + 1),
        };
        circle.starts.push(0);
        for member in members {
            let targets = &senders[*member].targets;
            let weights = targets.iter().map(|(_, weight)| (*weight).max(0)).collect::<Vec<i128>>();
            let weights = in_lowest_terms(&weights);
            let mut total = 0i128;
            for ((target, _), weight) in targets.iter().zip(weights) {
                let to = target.map(|target| groups.place[target]).filter(|place| place.group == group);
                total = total.checked_add(weight)?;
                circle.arcs.push(Arc { to: to.map(|place| place.at), weight });
            }
            circle.totals.push(total);
            circle.starts.push(circle.arcs.len());
        }
        Some(circle)
    }

    /// The number of members.
    pub(super) fn len(&self) -> usize {
        self.totals.len()
    }

    /// The arcs of a member, as positions in [`Circle::arcs`].
    pub(super) fn arcs_of(&self, member: usize) -> Range<usize> {
        self.starts[member]..self.starts[member + 1]
    }

    /// Whether nothing leads out.
    pub(super) fn is_closed(&self) -> bool {
        self.arcs.iter().all(|arc| arc.to.is_some() || arc.weight == 0)
    }
}

/// Weights, 0 or above, without their common divisor. Quantities are integers of 10^-18, so it is
/// large as a rule, and what is left is small.
fn in_lowest_terms(weights: &[i128]) -> Vec<i128> {
    let mut divisor = weights.iter().take(2).fold(0, |divisor, weight| common_divisor(divisor, *weight)).max(1);
    let mut lowest = Vec::with_capacity(weights.len());
    while let Some(weight) = weights.get(lowest.len()) {
        // Mostly the divisor of the first two divides them all: one division each, which is what counts.
        let quotient = weight / divisor;
        if quotient * divisor == *weight {
            lowest.push(quotient);
        } else {
            divisor = common_divisor(divisor, *weight);
            lowest.clear();
        }
    }
    lowest
}

/// The greatest common divisor of two numbers, 0 or above, by halving and subtracting (J. Stein, 1967).
fn common_divisor(mut a: i128, mut b: i128) -> i128 {
    if a == 0 || b == 0 {
        return a | b;
    }
    let twos = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    while a != 1 && b != 0 {
        b >>= b.trailing_zeros();
        if a > b {
            (a, b) = (b, a);
        }
        b -= a;
    }
    a << twos
}
