//! From floored flows to flows that add up.

use ethnum::{AsI256, I256};

use super::graph::Circle;

/// Flows of a circle such that every member hands out what it has, from `floors`, which are the right
/// flows rounded towards minus infinity; `None` if an amount leaves 128 bits.
///
/// Every member has one arc on which it passes on what flooring has left over (or taken too much): the
/// first that leads out of the circle, else the first that leads to a member nearer to a way out. These
/// arcs form a tree, so going through the members from the farthest to the nearest settles each once.
/// (Splitting what is left over again and again never ends.)
pub(super) fn balanced(circle: &Circle, balances: &[i128], mut floors: Vec<i128>) -> Option<Vec<i128>> {
    let mut open: Vec<I256> = balances.iter().map(|balance| balance.as_i256()).collect();
    for member in 0..circle.len() {
        for arc in circle.arcs_of(member) {
            open[member] -= floors[arc];
            if let Some(to) = circle.arcs[arc].to {
                open[to] += floors[arc];
            }
        }
    }
    for (member, arc) in ways_out(circle).into_iter().rev() {
        let left = i128::try_from(std::mem::take(&mut open[member])).ok()?;
        floors[arc] = floors[arc].checked_add(left)?;
        if let Some(to) = circle.arcs[arc].to {
            open[to] += left;
        }
    }
    for member in 0..circle.len() {
        let gross = circle.arcs_of(member).fold(I256::ZERO, |sum, arc| sum + floors[arc]);
        i128::try_from(gross).ok()?;
    }
    Some(floors)
}

/// Every member with the arc on its way out, nearest first.
fn ways_out(circle: &Circle) -> Vec<(usize, usize)> {
    let leads = |member: usize, to: &dyn Fn(Option<usize>) -> bool| {
        circle.arcs_of(member).find(|arc| circle.arcs[*arc].weight > 0 && to(circle.arcs[*arc].to))
    };
    let mut senders_to = vec![Vec::new(); circle.len()];
    let mut steps = vec![usize::MAX; circle.len()];
    let mut order = Vec::with_capacity(circle.len());
    for member in 0..circle.len() {
        for arc in &circle.arcs[circle.arcs_of(member)] {
            if let Some(to) = arc.to.filter(|_| arc.weight > 0) {
                senders_to[to].push(member);
            }
        }
        if let Some(arc) = leads(member, &|to| to.is_none()) {
            steps[member] = 0;
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
