//! From floored flows to flows that add up.

use ethnum::{AsI256, I256};

use super::graph::Circle;

/// What flows along an arc before it is whole: an amount in atoms rounded towards minus infinity, and
/// the rest in units of 2^-64 atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) floor: i128,
    pub(super) fraction: u64,
}

/// An atom in the units of [`Flow::fraction`].
const ATOM: i128 = 1 << u64::BITS;

/// Atoms that flooring may take from or bring to one way out. Far below anything that is rounded later
/// (1,000 atoms are 10^-15 of a currency), and never met unless thousands of flows with the same
/// fraction end at a handful of ways out.
const OFF_MAX: i128 = 500;

/// Whole flows such that every member hands out exactly what it has; `None` if an amount leaves 128
/// bits.
///
/// Flows are floored. Every member has one arc on which it passes on what flooring has left over (or
/// taken too much): the first that leads out of the circle, else the first that leads to a member nearer
/// to a way out. These arcs form trees, each with a way out at its root, so going through the members
/// from the farthest to the nearest settles each once. (Splitting what is left over again and again never
/// ends.)
pub(super) fn balanced(circle: &Circle, balances: &[i128], flows: &[Flow]) -> Option<Vec<i128>> {
    let ways_out = ways_out(circle);
    let mut whole = rounded(circle, &ways_out, flows)?;
    let mut open: Vec<I256> = balances.iter().map(|balance| balance.as_i256()).collect();
    for member in 0..circle.len() {
        for arc in circle.arcs_of(member) {
            open[member] -= whole[arc];
            if let Some(to) = circle.arcs[arc].to {
                open[to] += whole[arc];
            }
        }
    }
    for (member, arc) in ways_out.into_iter().rev() {
        let left = i128::try_from(std::mem::take(&mut open[member])).ok()?;
        whole[arc] = whole[arc].checked_add(left)?;
        if let Some(to) = circle.arcs[arc].to {
            open[to] += left;
        }
    }
    for member in 0..circle.len() {
        let gross = circle.arcs_of(member).fold(I256::ZERO, |sum, arc| sum + whole[arc]);
        i128::try_from(gross).ok()?;
    }
    Some(whole)
}

/// The flows floored; or, where that would put a way out off by more than [`OFF_MAX`], floored or raised
/// by an atom, whichever keeps the trees closer to what they should have.
///
/// An arc between two trees puts one off by its fraction `f` when floored, or both by `1 - f` the other
/// way when raised. Chosen with chances `1 - f` and `f`, the sum of the squares by which trees are off
/// would grow by `2 f (1 - f)` on average, one half at most; the better of the two does no worse. So no
/// way out is off by more than the root of half the number of arcs: 235 atoms with 110,000 arcs. (The
/// method of conditional expectations: P. Raghavan, "Probabilistic construction of deterministic
/// algorithms", 1988.)
fn rounded(circle: &Circle, ways_out: &[(usize, usize)], flows: &[Flow]) -> Option<Vec<i128>> {
    let mut root = vec![0; circle.len()];
    let mut is_in_tree = vec![false; circle.arcs.len()];
    for (member, arc) in ways_out {
        root[*member] = circle.arcs[*arc].to.map_or(*member, |nearer| root[nearer]);
        is_in_tree[*arc] = true;
    }
    // The arcs from tree to tree, and those out of the circle on which no tree ends.
    let mut between = Vec::new();
    for member in 0..circle.len() {
        for arc in circle.arcs_of(member) {
            let to = circle.arcs[arc].to.map(|to| root[to]);
            if to != Some(root[member]) && !is_in_tree[arc] {
                between.push((root[member], to, arc));
            }
        }
    }
    // By root, what its tree has too much.
    let mut off = vec![0i128; circle.len()];
    for (from, to, arc) in between.iter().copied() {
        let fraction = i128::from(flows[arc].fraction);
        off[from] += fraction;
        if let Some(to) = to {
            off[to] -= fraction;
        }
    }
    let mut whole: Vec<i128> = flows.iter().map(|flow| flow.floor).collect();
    if off.iter().all(|off| off.abs() <= OFF_MAX * ATOM) {
        return Some(whole);
    }
    off.fill(0);
    for (from, to, arc) in between {
        let fraction = i128::from(flows[arc].fraction);
        // Moving `m` to a tree that is off by a from one that is off by b makes a² + b² larger by
        // 2 m (a - b + m); with m = -f for floored, 1 - f for raised, the difference is as follows.
        let (gap, ends) = to.map_or((-off[from], 1), |to| (off[to] - off[from], 2));
        let raised = fraction > 0 && 2 * gap + ends * (ATOM - 2 * fraction) < 0;
        let moved = if raised { ATOM - fraction } else { -fraction };
        whole[arc] = whole[arc].checked_add(i128::from(raised))?;
        off[from] -= moved;
        if let Some(to) = to {
            off[to] += moved;
        }
    }
    Some(whole)
}

/// Every member with the arc on its way out, nearest first.
fn ways_out(circle: &Circle) -> Vec<(usize, usize)> {
    let leads = |member: usize, to: &dyn Fn(Option<usize>) -> bool| {
        circle.arcs_of(member).find(|arc| circle.arcs[*arc].weight > 0 && to(circle.arcs[*arc].to))
    };
    let mut senders_to = vec![Vec::new(); circle.len()];
    let mut steps = vec![usize::MAX; circle.len()];
    let mut order = Vec::with_capacity(circle.len());
    for (member, steps) in steps.iter_mut().enumerate() {
        for arc in &circle.arcs[circle.arcs_of(member)] {
            if let Some(to) = arc.to.filter(|_| arc.weight > 0) {
                senders_to[to].push(member);
            }
        }
        if let Some(arc) = leads(member, &|to| to.is_none()) {
            *steps = 0;
            order.push((member, arc));
        }
    }
    let mut next = 0;
    while let Some((nearer, _)) = order.get(next).copied() {
        next += 1;
        for member in &senders_to[nearer] {
            if steps[*member] != usize::MAX {
                continue;
            }
            // The first of its targets that is one step nearer. All of those have their steps: this one
            // is the first of its distance to be taken from the queue, and the queue is in order.
            steps[*member] = steps[nearer] + 1;
            if let Some(arc) = leads(*member, &|to| to.is_some_and(|to| steps[to] == steps[nearer])) {
                order.push((*member, arc));
            }
        }
    }
    order
}
