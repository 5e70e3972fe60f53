//! Rounds a table to minor units so that it still adds up both ways.
//!
//! Rounding every figure of a table on its own breaks its sums; rounding one line after the other
//! pushes the breakage into the last one. *Controlled rounding* takes the table as a whole: every
//! entry, every row total, every column total goes to one of its two neighbouring minor units, and
//! what was rounded adds up across and down to one grand total.
//!
//! # Which rounding
//!
//! 1. The grand total is the exact one, rounded half to even.
//! 2. Everything else is its exact value rounded down (towards minus infinity) or up. What is whole
//!    stays as it is.
//! 3. Of all such tables the one whose row totals lie closest to the exact ones (sum of absolute
//!    differences), then whose column totals do, then whose entries do.
//! 4. Of equally close tables the one where the first row (by number) goes up, if any of them lets
//!    it, then the second, and so on through the rows, then through the columns, then through the
//!    entries by row and column.
//!
//! Rule 4 leaves exactly one table, so the answer depends on nothing but the figures and their
//! numbering. With one column (or one row) it is the method of largest remainders.
//!
//! # How it is found
//!
//! The choice "down or up" is an arc that carries 0 or 1; a table that adds up is a flow from a hub
//! through the rows, the entries, the columns to another hub. The exact fractions are such a flow,
//! so a whole one exists (M. Bacharach, "Matrix rounding problems", Management Science 12, 1966),
//! for both roundings of a grand total that is not whole: the fractions are a mean of whole flows,
//! and these cannot all lie on one side of it. Going up instead of down costs 1 - 2f with f the
//! fraction, so the closest table is a flow of least cost (L. H. Cox and L. R. Ernst, "Controlled
//! rounding", INFOR 20, 1982), the three sums being compared one after the other.
//!
//! The flow is found by successive shortest paths with node prices (R. K. Ahuja, T. L. Magnanti,
//! J. B. Orlin, "Network flows", 1993, section 9.7): [`Network::round_near_lines`] solves the table
//! as if the columns did not have to add up, which is largest remainders and sorting, and
//! [`Network::repair_far_lines`] then moves one unit after the other, at least cost, from a column
//! that got too many to one that got too few. (Columns and rows change places where there are fewer
//! rows.) Last, [`Network::settle_ties`] walks through the choices that the prices leave open.
//!
//! Knows nobody: no names, no currencies, no money type. Integers only.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::ops::{Add, Neg, Sub};

/// The largest minor unit, in units of an amount: a currency without minor units at a scale of
/// 10^-18. The bound is what lets costs be added along any path without a check.
pub const UNIT_MAX: i128 = 1_000_000_000_000_000_000;

/// One figure of the table. Pairs that are not listed are zero and stay zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The row's number; rows are numbered in the order in which they win ties.
    pub row: usize,
    /// The column's number; columns are numbered in the order in which they win ties.
    pub column: usize,
    /// The exact amount, in units of 10^-18 of the currency (any fixed scale will do); may be
    /// negative.
    pub amount: i128,
}

/// The rounded table; every figure is in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rounded {
    /// The entries, in the order in which they were given.
    pub entries: Vec<i128>,
    /// The total of each row, by its number: the sum of the row's rounded entries.
    pub rows: Vec<i128>,
    /// The total of each column, by its number: the sum of the column's rounded entries.
    pub columns: Vec<i128>,
    /// The grand total: the sum of `rows`, and of `columns`.
    pub total: i128,
}

/// A total does not fit into an `i128` of minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a total of the table to be rounded does not fit into 128 bits")
    }
}

impl std::error::Error for Overflow {}

/// Rounds a table of `rows` × `columns` to minor units, see the module's page for what is chosen.
///
/// `unit` says how many units of an amount make one minor unit: at a scale of 10^-18 it is 10^16
/// for cents, 10^18 for yen, 10^15 for dinars. The order of `entries` does not matter.
///
/// # Errors
///
/// [`Overflow`] if a total does not fit into an `i128` of minor units. Sums are taken in minor
/// units, so exact amounts that would overflow at their own scale are not refused for it.
///
/// # Panics
///
/// If `unit` is not within 1 ..= [`UNIT_MAX`], a row or column number is not below its count, or a
/// pair of row and column is listed twice: each is a mistake of the caller, not of the figures.
pub fn round_table(rows: usize, columns: usize, entries: &[Entry], unit: i128) -> Result<Rounded, Overflow> {
    assert!((1..=UNIT_MAX).contains(&unit), "minor unit out of range: {unit}");
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_unstable_by_key(|&index| (entries[index].row, entries[index].column));
    let place = |index: usize| (entries[index].row, entries[index].column);
    assert!(order.windows(2).all(|pair| place(pair[0]) != place(pair[1])), "an entry is listed twice");

    // From here on in the order of rows and columns: it is the order in which ties are settled, and
    // a sum that overflows half way must do so whatever order the caller chose.
    let cells: Vec<Cell> = order.iter().map(|&index| Cell::new(entries[index], unit)).collect();
    let mut total: i128 = 0;
    for cell in &cells {
        total = total.checked_add(cell.floor).ok_or(Overflow)?;
    }
    // Cannot overflow: a remainder is below 2^60, and there are fewer than 2^64 of them.
    let remainders: i128 = cells.iter().map(|cell| cell.remainder).sum();
    let floor = total.checked_add(remainders / unit).ok_or(Overflow)?;
    let ups = remainders / unit + i128::from(rounds_up(floor, remainders % unit, unit));

    let mut rounded = Rounded {
        entries: vec![0; entries.len()],
        rows: vec![0; rows],
        columns: vec![0; columns],
        total: total.checked_add(ups).ok_or(Overflow)?,
    };
    let mut network = Network::new(rows, columns, &cells, unit, ups);
    let t0 = std::time::Instant::now();
    network.round_near_lines();
    let imb: i128 = network.excess.iter().map(|e| e.abs()).sum::<i128>() / 2;
    let t1 = std::time::Instant::now();
    network.repair_far_lines();
    let t2 = std::time::Instant::now();
    network.settle_ties();
    eprintln!("   near {:?} imbalance {imb} repair {:?} ties {:?}", t1 - t0, t2 - t1, t2.elapsed());
    let mut raised = network.entries_up();
    for (&index, cell) in order.iter().zip(&cells) {
        let up = !cell.is_whole() && raised.next() == Some(true);
        let amount = cell.floor + i128::from(up);
        rounded.entries[index] = amount;
        let row = &mut rounded.rows[cell.row];
        *row = row.checked_add(amount).ok_or(Overflow)?;
        let column = &mut rounded.columns[cell.column];
        *column = column.checked_add(amount).ok_or(Overflow)?;
    }
    debug_assert_eq!(rounded.rows.iter().sum::<i128>(), rounded.total);
    debug_assert_eq!(rounded.columns.iter().sum::<i128>(), rounded.total);
    Ok(rounded)
}

/// Whether `floor` and a `remainder` of the `unit`, taken together, round up: half to even.
fn rounds_up(floor: i128, remainder: i128, unit: i128) -> bool {
    match (2 * remainder).cmp(&unit) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => floor.rem_euclid(2) == 1,
        std::cmp::Ordering::Greater => true,
    }
}

/// An entry as whole minor units and what is left over: `floor * unit + remainder`.
struct Cell {
    row: usize,
    column: usize,
    floor: i128,
    /// At least 0 and below the unit, for negative amounts too.
    remainder: i128,
}

impl Cell {
    fn new(entry: Entry, unit: i128) -> Self {
        Self {
            row: entry.row,
            column: entry.column,
            floor: entry.amount.div_euclid(unit),
            remainder: entry.amount.rem_euclid(unit),
        }
    }

    fn is_whole(&self) -> bool {
        self.remainder == 0
    }
}

/// What a choice adds to the three sums of differences, which are compared one after the other:
/// rows, columns, entries. In units of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cost([i128; 3]);

impl Cost {
    const ZERO: Self = Self([0; 3]);
}

impl Add for Cost {
    type Output = Self;
    fn add(self, Self([d, e, f]): Self) -> Self {
        let Self([a, b, c]) = self;
        Self([a + d, b + e, c + f])
    }
}

impl Sub for Cost {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Cost {
    type Output = Self;
    fn neg(self) -> Self {
        let Self([a, b, c]) = self;
        Self([-a, -b, -c])
    }
}

/// A figure that is not whole and so goes down or up: a row's or column's total, or an entry.
struct Arc {
    tail: usize,
    head: usize,
    /// What going up costs more than going down; negative for a fraction above one half.
    cost: Cost,
    up: bool,
}

impl Arc {
    /// Where a unit standing at `node` can go by changing this choice, and at what cost.
    fn onward(&self, node: usize) -> Option<(usize, Cost)> {
        match (node == self.tail, self.up) {
            (true, false) => Some((self.head, self.cost)),
            (false, true) => Some((self.tail, -self.cost)),
            _ => None,
        }
    }

    fn other_end(&self, node: usize) -> usize {
        if node == self.tail { self.head } else { self.tail }
    }
}

/// The choices of a table as a flow: row hub → rows → columns → column hub.
///
/// A node is a row (by its number), a column (after the rows) or one of the two hubs. Only what is
/// not whole is an arc; what surely flows (the whole units that a line's remainders add up to) is in
/// `excess`.
struct Network {
    rows: usize,
    columns: usize,
    /// Rows, then columns, then entries by row and column: the order in which ties are settled.
    arcs: Vec<Arc>,
    /// How many of the arcs are rows or columns; the others are entries.
    lines: usize,
    /// The arcs at each node, by index, ascending.
    arcs_at: Vec<Vec<usize>>,
    /// How many units more come in than go out at each node. All are 0 when the table adds up.
    excess: Vec<i128>,
    /// Prices that prove the choices cheapest: with `cost + price(tail) - price(head)` for the
    /// reduced cost, no arc that is down has a negative one, and none that is up a positive one.
    prices: Vec<Cost>,
}

impl Network {
    /// All choices down. `ups` is how many entries must go up for the grand total.
    fn new(rows: usize, columns: usize, cells: &[Cell], unit: i128, ups: i128) -> Self {
        let (row_hub, column_hub) = (rows + columns, rows + columns + 1);
        let nodes = rows + columns + 2;
        let mut remainders = vec![0; rows + columns];
        for cell in cells {
            assert!(cell.row < rows && cell.column < columns, "an entry lies outside the table");
            remainders[cell.row] += cell.remainder;
            remainders[rows + cell.column] += cell.remainder;
        }
        let mut excess = vec![0; nodes];
        excess[row_hub] = ups;
        excess[column_hub] = -ups;
        let mut arcs = Vec::new();
        for (node, remainder) in remainders.into_iter().enumerate() {
            let (whole, fraction) = (remainder / unit, remainder % unit);
            let more = unit - 2 * fraction;
            let (tail, head, cost, hub, flow) = if node < rows {
                (row_hub, node, Cost([more, 0, 0]), row_hub, whole)
            } else {
                (node, column_hub, Cost([0, more, 0]), column_hub, -whole)
            };
            excess[node] += flow;
            excess[hub] -= flow;
            if fraction != 0 {
                arcs.push(Arc { tail, head, cost, up: false });
            }
        }
        let lines = arcs.len();
        for cell in cells.iter().filter(|cell| !cell.is_whole()) {
            let cost = Cost([0, 0, unit - 2 * cell.remainder]);
            arcs.push(Arc { tail: cell.row, head: rows + cell.column, cost, up: false });
        }
        let mut arcs_at = vec![Vec::new(); nodes];
        for (index, arc) in arcs.iter().enumerate() {
            arcs_at[arc.tail].push(index);
            arcs_at[arc.head].push(index);
        }
        Self { rows, columns, arcs, lines, arcs_at, excess, prices: vec![Cost::ZERO; nodes] }
    }

    /// Which entries that are not whole go up, by row and column.
    fn entries_up(&self) -> impl Iterator<Item = bool> {
        self.arcs[self.lines..].iter().map(|arc| arc.up)
    }

    /// Changes a choice.
    fn turn(&mut self, index: usize) {
        let arc = &mut self.arcs[index];
        arc.up = !arc.up;
        let units = if arc.up { 1 } else { -1 };
        self.excess[arc.tail] -= units;
        self.excess[arc.head] += units;
    }

    /// How many units have to pass a node whose choices are all down still.
    fn units_due(&self, node: usize) -> usize {
        usize::try_from(self.excess[node].unsigned_abs()).expect("no more units than entries")
    }

    /// Sets a node's price so that a choice that costs `threshold` makes no difference there.
    fn set_price(&mut self, node: usize, threshold: Cost) {
        let before_entries = node < self.rows || node == self.rows + self.columns;
        self.prices[node] = if before_entries { -threshold } else { threshold };
    }

    /// What a choice costs when its line and the one across take their prices for it.
    fn price_at(&self, node: usize) -> i128 {
        let [_, _, price] = self.prices[node].0;
        if node < self.rows { -price } else { price }
    }

    /// Prices a line so that as many entries are worth raising as it needs, the prices across being
    /// what they are.
    fn price_line(&mut self, node: usize, due: usize, costs: &mut Vec<i128>) {
        costs.clear();
        for &index in &self.arcs_at[node] {
            let arc = &self.arcs[index];
            let Cost([_, _, cost]) = arc.cost;
            if index >= self.lines {
                costs.push(cost - self.price_at(arc.other_end(node)));
            }
        }
        if due < costs.len() {
            let (below, &mut next, _) = costs.select_nth_unstable(due);
            let threshold = match below.iter().max() {
                Some(&last) => last + (next - last) / 2,
                None => next,
            };
            self.set_price(node, Cost([0, 0, threshold]));
        }
    }

    /// Solves the table as if the far lines (columns, or rows if there are fewer) did not have to
    /// add up. Every line of the near ones then stands alone, and so do the far totals.
    fn round_near_lines(&mut self) {
        let (rows, columns) = (self.rows, self.columns);
        let (row_hub, column_hub) = (rows + columns, rows + columns + 1);
        let by_rows = rows >= columns;
        let (near, far, near_hub, far_hub) = if by_rows {
            (0..rows, rows..rows + columns, row_hub, column_hub)
        } else {
            (rows..rows + columns, 0..rows, column_hub, row_hub)
        };
        let sweeps: usize = std::env::var("SWEEPS").map_or(5, |s| s.parse().unwrap());
        let mut costs = Vec::new();
        let mut dues: Vec<usize> = (0..rows + columns).map(|node| self.units_due(node)).collect();
        for hub in [row_hub, column_hub] {
            let mut lines = self.arcs_at[hub].clone();
            lines.sort_by_key(|&index| self.arcs[index].cost);
            for &index in &lines[..self.units_due(hub)] {
                dues[self.arcs[index].other_end(hub)] += 1;
            }
        }
        for _ in 0..sweeps {
            for node in near.clone().chain(far.clone()) {
                self.price_line(node, dues[node], &mut costs);
            }
        }

        let far_totals = self.arcs_at[far_hub].iter().map(|&line| {
            let node = self.arcs[line].other_end(far_hub);
            (self.arcs[line].cost + Cost([0, 0, self.price_at(node)]), vec![line])
        });
        let far_totals = far_totals.collect();
        self.raise_cheapest(far_hub, far_totals);

        let mut near_totals = Vec::new();
        for node in near {
            let due = self.units_due(node);
            let mut line = None;
            let mut entries = Vec::new();
            for &index in &self.arcs_at[node] {
                let arc = &self.arcs[index];
                if index < self.lines {
                    line = Some(index);
                } else {
                    let across = arc.other_end(node);
                    // Among equals the far line that lacks most, which leaves less to repair.
                    let lack = if by_rows { -self.excess[across] } else { self.excess[across] };
                    let Cost([_, _, cost]) = arc.cost;
                    entries.push((cost - self.price_at(across), Reverse(lack), index));
                }
            }
            entries.sort_unstable();
            for &(_, _, index) in &entries[..due] {
                self.turn(index);
            }
            // If the line's total goes up, one entry more does: the next one. Its cost as the price
            // suits either case, and also a line that is whole, as long as there is a next one.
            if let Some(&(threshold, _, next)) = entries.get(due).or(entries.last()) {
                let threshold = Cost([0, 0, threshold]);
                self.set_price(node, threshold);
                if let Some(line) = line {
                    near_totals.push((self.arcs[line].cost + threshold, line));
                }
                let _ = next;
            }
        }
        let due = self.units_due(near_hub);
        near_totals.sort_unstable();
        for &(_, line) in &near_totals[..due] {
            self.turn(line);
            let node = self.arcs[line].other_end(near_hub);
            let next = self.arcs_at[node]
                .iter()
                .copied()
                .filter(|&index| {
                    let arc = &self.arcs[index];
                    index >= self.lines && !arc.up && arc.cost + self.prices[arc.tail] == self.prices[arc.head]
                })
                .min_by_key(|&index| {
                    let across = self.arcs[index].other_end(node);
                    if by_rows { self.excess[across] } else { -self.excess[across] }
                })
                .expect("next");
            self.turn(next);
        }
        if let Some(&(threshold, _)) = near_totals.get(due).or(near_totals.last()) {
            self.set_price(near_hub, threshold);
        }
    }

    /// Raises as many totals as the hub has units, the cheapest ones, each with the arcs that go
    /// with it.
    fn raise_cheapest(&mut self, hub: usize, mut totals: Vec<(Cost, Vec<usize>)>) {
        let due = self.units_due(hub);
        totals.sort_by_key(|&(cost, _)| cost);
        for (_, indices) in &totals[..due] {
            for &index in indices {
                self.turn(index);
            }
        }
        if let Some(&(threshold, _)) = totals.get(due).or(totals.last()) {
            self.set_price(hub, threshold);
        }
    }

    /// Makes the far lines add up: takes a unit from a line with too many along the cheapest path to
    /// one with too few, until none has too many.
    fn repair_far_lines(&mut self) {
        let mut search = Search::new(self.excess.len());
        for source in 0..self.excess.len() {
            while self.excess[source] > 0 {
                let path = self.cheapest_path(source, &mut search);
                for index in path {
                    self.turn(index);
                }
            }
        }
        debug_assert!(self.excess.iter().all(|&units| units == 0));
    }

    /// The arcs of a cheapest path from `source` to the nearest node with too few units, by
    /// Dijkstra's algorithm on reduced costs; moves the prices so that the arcs on it are free.
    fn cheapest_path(&mut self, source: usize, search: &mut Search) -> Vec<usize> {
        search.start(source);
        let (target, length) = loop {
            // The exact fractions are a flow, so whoever has too many can be brought to who lacks.
            let (distance, node) = search.next().expect("a table can always be rounded");
            if self.excess[node] < 0 {
                break (node, distance);
            }
            let here = distance + self.prices[node];
            for &index in &self.arcs_at[node] {
                if let Some((to, cost)) = self.arcs[index].onward(node)
                    && !search.is_settled(to)
                {
                    search.reach(to, here + cost - self.prices[to], index);
                }
            }
        };
        for &node in &search.settled {
            self.prices[node] = self.prices[node] + search.distance[node] - length;
        }
        let mut path = Vec::new();
        let mut node = target;
        while node != source {
            let index = search.by[node];
            path.push(index);
            node = self.arcs[index].other_end(node);
        }
        path
    }

    /// Whether a choice could as well be the other one, by its reduced cost.
    fn makes_no_difference(&self, index: usize) -> bool {
        let arc = &self.arcs[index];
        arc.cost + self.prices[arc.tail] == self.prices[arc.head]
    }

    /// Takes, of all tables that are equally close, the first by rule 4 of the module's page.
    ///
    /// By the prices, a choice whose reduced cost is not zero is the same in all of them, and one
    /// table is turned into another by going round cycles of the others. So each choice in its turn
    /// goes up if it lies on such a cycle, and is then closed to what comes after it.
    fn settle_ties(&mut self) {
        let open: Vec<usize> = (0..self.arcs.len()).filter(|&index| self.makes_no_difference(index)).collect();
        let mut search = CycleSearch::new(&self.arcs, &open, self.excess.len());
        for index in open {
            if !self.arcs[index].up
                && let Some(cycle) = search.cycle(&self.arcs, index)
            {
                for index in cycle {
                    self.turn(index);
                }
            }
        }
    }
}

/// The working state of Dijkstra's algorithm, kept from one search to the next.
struct Search {
    heap: BinaryHeap<Reverse<(Cost, usize)>>,
    state: Vec<State>,
    /// Valid for nodes that are not `Unseen`.
    distance: Vec<Cost>,
    /// The arc by which a node was reached; valid like `distance`, but for the source.
    by: Vec<usize>,
    settled: Vec<usize>,
    seen: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    Seen,
    Settled,
}

impl Search {
    fn new(nodes: usize) -> Self {
        Self {
            heap: BinaryHeap::new(),
            state: vec![State::Unseen; nodes],
            distance: vec![Cost::ZERO; nodes],
            by: vec![0; nodes],
            settled: Vec::new(),
            seen: Vec::new(),
        }
    }

    fn start(&mut self, source: usize) {
        for node in self.seen.drain(..) {
            self.state[node] = State::Unseen;
        }
        self.settled.clear();
        self.heap.clear();
        self.reach(source, Cost::ZERO, usize::MAX);
    }

    fn is_settled(&self, node: usize) -> bool {
        self.state[node] == State::Settled
    }

    fn reach(&mut self, node: usize, distance: Cost, by: usize) {
        match self.state[node] {
            State::Unseen => {
                self.state[node] = State::Seen;
                self.seen.push(node);
            }
            State::Seen if distance < self.distance[node] => {}
            _ => return,
        }
        self.distance[node] = distance;
        self.by[node] = by;
        self.heap.push(Reverse((distance, node)));
    }

    /// The nearest node that is not settled yet, now settled.
    fn next(&mut self) -> Option<(Cost, usize)> {
        while let Some(Reverse((distance, node))) = self.heap.pop() {
            if self.state[node] != State::Settled {
                self.state[node] = State::Settled;
                self.settled.push(node);
                return Some((distance, node));
            }
        }
        None
    }
}

/// Looks for cycles among the open choices.
///
/// Nodes that no cycle joins any more are told apart by `group`, for good: a cycle that is turned
/// stays within a group, and closing choices only takes cycles away. So a search that fails is
/// paid for by a group that falls in two, and there are no more such searches than nodes.
struct CycleSearch {
    /// The open arcs by which a unit can leave each node. What can not be used any more is only
    /// taken out when a search meets it.
    ways_out: Vec<Vec<usize>>,
    /// The open arcs at each node, ascending.
    open_at: Vec<Vec<usize>>,
    group: Vec<usize>,
    groups: usize,
    /// The number of the last search that came to a node.
    visited: Vec<usize>,
    searches: usize,
    /// Where the cycles looked for at the moment end, and for each node the arc that leads there.
    target: Option<usize>,
    last_step: Vec<Option<usize>>,
}

impl CycleSearch {
    fn new(arcs: &[Arc], open: &[usize], nodes: usize) -> Self {
        let mut ways_out = vec![Vec::new(); nodes];
        let mut open_at = vec![Vec::new(); nodes];
        for &index in open {
            let arc = &arcs[index];
            ways_out[if arc.up { arc.head } else { arc.tail }].push(index);
            open_at[arc.tail].push(index);
            open_at[arc.head].push(index);
        }
        Self {
            ways_out,
            open_at,
            group: vec![0; nodes],
            groups: 1,
            visited: vec![0; nodes],
            searches: 0,
            target: None,
            last_step: vec![None; nodes],
        }
    }

    /// The arcs of a cycle that raises the arc `raise` and leaves alone all before it; to be turned
    /// by the caller.
    ///
    /// Goes depth first: among many equals nearly any way leads there.
    fn cycle(&mut self, arcs: &[Arc], raise: usize) -> Option<Vec<usize>> {
        let (from, to) = (arcs[raise].head, arcs[raise].tail);
        if self.group[from] != self.group[to] {
            return None;
        }
        if self.target != Some(to) {
            self.target = Some(to);
            for &index in &self.open_at[to] {
                self.last_step[arcs[index].other_end(to)] = Some(index);
            }
        }
        self.searches += 1;
        let mut reached = vec![from];
        self.visited[from] = self.searches;
        // Each node on the way, with the position of the way out of it that is being tried.
        let mut way = vec![(from, 0)];
        while let Some((node, position)) = way.last_mut() {
            let node = *node;
            if let Some(last) = self.last_step[node]
                && last > raise
                && arcs[last].onward(node).is_some_and(|(end, _)| end == to)
            {
                way.pop();
                return Some(self.close(arcs, &way, raise, last));
            }
            let mut next = None;
            while let Some(&index) = self.ways_out[node].get(*position) {
                match arcs[index].onward(node) {
                    Some((end, _)) if index > raise && self.group[end] == self.group[node] => {
                        if self.visited[end] != self.searches {
                            next = Some(end);
                            break;
                        }
                        *position += 1;
                    }
                    _ => {
                        self.ways_out[node].swap_remove(*position);
                    }
                }
            }
            if let Some(next) = next {
                self.visited[next] = self.searches;
                reached.push(next);
                way.push((next, 0));
            } else {
                way.pop();
                if let Some((_, position)) = way.last_mut() {
                    *position += 1;
                }
            }
        }
        for node in reached {
            self.group[node] = self.groups;
        }
        self.groups += 1;
        None
    }

    /// The cycle along the way, the last step, and the raised arc; notes that the ways along it will
    /// lead the other way round.
    fn close(&mut self, arcs: &[Arc], way: &[(usize, usize)], raise: usize, last: usize) -> Vec<usize> {
        let mut cycle = vec![raise, last];
        for &(node, position) in way {
            cycle.push(self.ways_out[node].swap_remove(position));
        }
        for &index in &cycle[1..] {
            let arc = &arcs[index];
            self.ways_out[if arc.up { arc.tail } else { arc.head }].push(index);
        }
        cycle
    }
}
