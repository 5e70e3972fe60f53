//! Rounds a table to minor units so that it still adds up both ways.
//!
//! Rounding every figure of a table on its own breaks its sums, and pushing what is left over into
//! the last line makes that line wrong. *Controlled rounding* takes the table as a whole: every
//! entry, every row total, every column total goes to one of its two neighbouring minor units, and
//! what was rounded adds up across and down to one grand total.
//!
//! # Which rounding
//!
//! 1. The grand total is the exact one, rounded half to even.
//! 2. Every other figure is its exact value rounded down (towards minus infinity) or up. What is
//!    whole stays as it is.
//! 3. Of all such tables the one whose row totals lie closest to the exact ones (sum of absolute
//!    differences), then whose column totals do, then whose entries do.
//! 4. Of equally close tables the one in which the first row's total goes up, if there is one; of
//!    those the one in which the second row's does; and so on through the rows, then through the
//!    columns, then through the entries by row and column.
//!
//! Rule 4 leaves exactly one table, so the answer depends on the figures and their numbering and on
//! nothing else: not on the order in which entries are listed, not on how the search went. With one
//! column, or one row, it is the method of largest remainders, ties to the lower number.
//!
//! # How it is found
//!
//! The choice "down or up" is an arc that carries 0 or 1, and a table that adds up is a flow from
//! one hub through the rows, the entries and the columns to another hub. The exact fractions are
//! such a flow, so there is one in whole units (M. Bacharach, "Matrix rounding problems",
//! Management Science 12, 1966). There is one for either rounding of a grand total that is not
//! whole: the fractions are a weighted mean of flows in whole units, and those cannot all have the
//! lower total, nor all the higher. Going up instead of down costs 1 - 2f, with f the fraction, so
//! the closest table is a flow of least cost (L. H. Cox and L. R. Ernst, "Controlled rounding",
//! INFOR 20, 1982), where the three sums of rule 3 are compared one after the other.
//!
//! The flow is found by successive shortest paths with prices at the nodes (R. K. Ahuja,
//! T. L. Magnanti and J. B. Orlin, "Network flows", 1993, chapter 9). First the table is solved as
//! if the columns did not have to add up, by largest remainders in each row; then one unit after
//! the other is moved, at least cost, from a column that got too many to one that got too few. Rows
//! and columns change places if there are fewer rows. Last come the ties.
//!
//! Knows nobody: no names, no currencies, no money type. Integers only.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::ops::{Add, Neg, Range, Sub};

/// The largest minor unit, in units of an amount: that of a currency without decimals at a scale of
/// 10^-18. Being bounded, costs can be added up along any path without a check.
pub const UNIT_MAX: i128 = 1_000_000_000_000_000_000;

/// How often the far lines are priced before the table is solved, at most. The answer is the same
/// for any number; more rounds leave fewer units to move one by one afterwards. On made tables of
/// 1,000 × 100 a round takes some 15 ms, and after five they rarely pay for themselves.
const PRICING_ROUNDS: usize = 5;

/// One figure of the table. A pair of row and column that is not listed is zero and stays zero.
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

/// The rounded table. Every figure is in minor units.
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

/// A total of the table does not fit into an `i128` of minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a total of the table to be rounded does not fit into 128 bits")
    }
}

impl std::error::Error for Overflow {}

/// Rounds a table of `rows` × `columns` to minor units; the module's page says which of the
/// possible roundings it is.
///
/// `unit` is how many units of an amount make one minor unit: at a scale of 10^-18 it is 10^16 for
/// cents, 10^18 for yen, 10^15 for dinars. The order of `entries` does not matter.
///
/// # Errors
///
/// [`Overflow`] if a total, or a sum on the way to it by row and column, does not fit into an
/// `i128` of minor units. A total that only overflows at the scale of the amounts is not refused.
///
/// # Panics
///
/// If `unit` is not within 1 ..= [`UNIT_MAX`], a row or column number is not below its count, or a
/// pair of row and column is listed twice. Each is a mistake of the caller, not of the figures.
pub fn round_table(rows: usize, columns: usize, entries: &[Entry], unit: i128) -> Result<Rounded, Overflow> {
    let near = if rows >= columns { Lines::Rows } else { Lines::Columns };
    round_table_from(near, rows, columns, entries, unit)
}

/// [`round_table`] with a say in which lines are solved first. It changes the time, not the answer.
fn round_table_from(
    near: Lines,
    rows: usize,
    columns: usize,
    entries: &[Entry],
    unit: i128,
) -> Result<Rounded, Overflow> {
    assert!((1..=UNIT_MAX).contains(&unit), "a minor unit of {unit} is out of range");
    let in_table = |entry: &Entry| entry.row < rows && entry.column < columns;
    assert!(entries.iter().all(in_table), "an entry lies outside the table");
    let place = |index: usize| (entries[index].row, entries[index].column);
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_unstable_by_key(|&index| place(index));
    let listed_twice = order.windows(2).any(|pair| place(pair[0]) == place(pair[1]));
    assert!(!listed_twice, "a pair of row and column is listed twice");

    // From here on by row and column: ties are settled in that order, and a sum that overflows half
    // way must do so whatever order the caller chose.
    let cells: Vec<Cell> = order.iter().map(|&index| Cell::new(entries[index], unit)).collect();
    let floors = checked_sum(cells.iter().map(|cell| cell.floor))?;
    // No check needed: a remainder is below 2^60, and there are fewer than 2^64 of them.
    let remainders: i128 = cells.iter().map(|cell| cell.remainder).sum();
    let total_floor = checked_sum([floors, remainders / unit])?;
    let total_up = i128::from(rounds_up(total_floor, remainders % unit, unit));

    let mut network = Network::new(rows, columns, &cells, unit, remainders / unit + total_up);
    network.solve(near);

    let mut raised = network.entries_up();
    let mut rounded = Rounded {
        entries: vec![0; entries.len()],
        rows: vec![0; rows],
        columns: vec![0; columns],
        total: checked_sum([total_floor, total_up])?,
    };
    for (&index, cell) in order.iter().zip(&cells) {
        let up = !cell.is_whole() && raised.next() == Some(true);
        let amount = cell.floor + i128::from(up);
        rounded.entries[index] = amount;
        rounded.rows[cell.row] = checked_sum([rounded.rows[cell.row], amount])?;
        rounded.columns[cell.column] = checked_sum([rounded.columns[cell.column], amount])?;
    }
    Ok(rounded)
}

fn checked_sum(amounts: impl IntoIterator<Item = i128>) -> Result<i128, Overflow> {
    amounts.into_iter().try_fold(0_i128, i128::checked_add).ok_or(Overflow)
}

/// Whether a whole part and a remainder, taken together, round up: half to even.
fn rounds_up(floor: i128, remainder: i128, unit: i128) -> bool {
    let odd = floor.rem_euclid(2) == 1;
    2 * remainder > unit || (2 * remainder == unit && odd)
}

/// An entry as whole minor units and what is left over: `floor * unit + remainder`.
struct Cell {
    row: usize,
    column: usize,
    floor: i128,
    /// At least 0 and less than the unit, for a negative amount too.
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

/// What a choice adds to each sum of differences, in units of an amount. They are compared in the
/// order in which the fields stand here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    rows: i128,
    columns: i128,
    entries: i128,
}

impl Cost {
    const ZERO: Self = Self { rows: 0, columns: 0, entries: 0 };

    fn of_row(rows: i128) -> Self {
        Self { rows, ..Self::ZERO }
    }

    fn of_column(columns: i128) -> Self {
        Self { columns, ..Self::ZERO }
    }

    fn of_entry(entries: i128) -> Self {
        Self { entries, ..Self::ZERO }
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            columns: self.columns + other.columns,
            entries: self.entries + other.entries,
        }
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
        Self { rows: -self.rows, columns: -self.columns, entries: -self.entries }
    }
}

/// A figure that is not whole, so that it goes down or up: a row's or column's total, or an entry.
struct Arc {
    tail: usize,
    head: usize,
    /// What going up costs more than going down; negative for a fraction above one half.
    cost: Cost,
    up: bool,
}

impl Arc {
    /// Where changing this choice takes a unit that is one too many at `node`, and at what cost.
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

/// Which lines of the table are near: solved first, each on its own. The far ones are then
/// repaired, so it is well that they are few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    Rows,
    Columns,
}

/// The choices of a table as a flow: row hub → rows → columns → column hub.
///
/// A node is a row (by its number), a column (numbered on from the rows), the row hub or the column
/// hub. Only what is not whole is an arc; the whole units that the remainders of a line add up to
/// flow in any case and are part of `excess`.
///
/// Prices prove that a flow is cheapest. Let the reduced cost of an arc be its cost plus the price
/// of its tail less the price of its head. Then no arc that is down may have a negative reduced
/// cost, and none that is up a positive one. This holds from [`Network::round_near_lines`] on.
struct Network {
    rows: usize,
    columns: usize,
    /// Rows, then columns, then entries by row and column: the order in which ties are settled.
    arcs: Vec<Arc>,
    /// How many of the arcs are row or column totals; the others are entries.
    totals: usize,
    /// The arcs at each node, ascending.
    arcs_at: Vec<Vec<usize>>,
    /// How many units more come in than go out at each node; 0 everywhere if the table adds up.
    excess: Vec<i128>,
    prices: Vec<Cost>,
}

impl Network {
    /// The network with every choice down. `ups` is how many entries must go up in all.
    fn new(rows: usize, columns: usize, cells: &[Cell], unit: i128, ups: i128) -> Self {
        let nodes = rows + columns + 2;
        let mut network = Self {
            rows,
            columns,
            arcs: Vec::new(),
            totals: 0,
            arcs_at: vec![Vec::new(); nodes],
            excess: vec![0; nodes],
            prices: vec![Cost::ZERO; nodes],
        };
        let (row_hub, column_hub) = (network.row_hub(), network.column_hub());
        network.excess[row_hub] = ups;
        network.excess[column_hub] = -ups;
        let mut remainders = vec![0; rows + columns];
        for cell in cells {
            remainders[cell.row] += cell.remainder;
            remainders[rows + cell.column] += cell.remainder;
        }
        for (node, remainder) in remainders.into_iter().enumerate() {
            let (whole, fraction) = (remainder / unit, remainder % unit);
            let cost = unit - 2 * fraction;
            let (tail, head, cost) = if node < rows {
                (row_hub, node, Cost::of_row(cost))
            } else {
                (node, column_hub, Cost::of_column(cost))
            };
            network.excess[tail] -= whole;
            network.excess[head] += whole;
            if fraction != 0 {
                network.add_arc(tail, head, cost);
            }
        }
        network.totals = network.arcs.len();
        for cell in cells.iter().filter(|cell| !cell.is_whole()) {
            let cost = Cost::of_entry(unit - 2 * cell.remainder);
            network.add_arc(cell.row, rows + cell.column, cost);
        }
        network
    }

    fn add_arc(&mut self, tail: usize, head: usize, cost: Cost) {
        self.arcs_at[tail].push(self.arcs.len());
        self.arcs_at[head].push(self.arcs.len());
        self.arcs.push(Arc { tail, head, cost, up: false });
    }

    fn row_hub(&self) -> usize {
        self.rows + self.columns
    }

    fn column_hub(&self) -> usize {
        self.rows + self.columns + 1
    }

    /// The nodes of the lines, and their hub.
    fn nodes_of(&self, lines: Lines) -> (Range<usize>, usize) {
        match lines {
            Lines::Rows => (0..self.rows, self.row_hub()),
            Lines::Columns => (self.rows..self.rows + self.columns, self.column_hub()),
        }
    }

    fn solve(&mut self, near: Lines) {
        let far = match near {
            Lines::Rows => Lines::Columns,
            Lines::Columns => Lines::Rows,
        };
        self.price_far_lines(near, far);
        self.round_near_lines(near, far);
        self.repair_far_lines();
        debug_assert!(self.adds_up_at_least_cost());
        self.settle_ties();
        debug_assert!(self.adds_up_at_least_cost());
    }

    /// Which of the entries that are not whole go up, by row and column.
    fn entries_up(&self) -> impl Iterator<Item = bool> {
        self.arcs[self.totals..].iter().map(|arc| arc.up)
    }

    fn adds_up_at_least_cost(&self) -> bool {
        self.excess.iter().all(|&units| units == 0)
            && self.arcs.iter().all(|arc| {
                let reduced = self.reduced_cost(arc);
                if arc.up { reduced <= Cost::ZERO } else { reduced >= Cost::ZERO }
            })
    }

    fn reduced_cost(&self, arc: &Arc) -> Cost {
        arc.cost + self.prices[arc.tail] - self.prices[arc.head]
    }

    /// Changes a choice.
    fn turn(&mut self, index: usize) {
        let arc = &mut self.arcs[index];
        arc.up = !arc.up;
        let units = if arc.up { 1 } else { -1 };
        self.excess[arc.tail] -= units;
        self.excess[arc.head] += units;
    }

    /// The arcs of the entries in a line.
    fn entries_at(&self, node: usize) -> &[usize] {
        let arcs = &self.arcs_at[node];
        &arcs[arcs.partition_point(|&index| index < self.totals)..]
    }

    /// How many entries more a line's total asks for than are up; of a hub, how many totals.
    fn lack(&self, node: usize) -> i128 {
        if self.is_before_entries(node) { self.excess[node] } else { -self.excess[node] }
    }

    /// [`Network::lack`] of a node at which all choices are down: as many must go up.
    fn due(&self, node: usize) -> usize {
        usize::try_from(self.lack(node)).expect("lines of positive fractions lack nothing negative")
    }

    fn is_before_entries(&self, node: usize) -> bool {
        node < self.rows || node == self.row_hub()
    }

    /// A node's price as a threshold: up to which cost a choice is worth raising there. It has the
    /// same sense on both sides of the entries: an entry goes up if it costs less than the
    /// thresholds of its row and its column together.
    fn threshold(&self, node: usize) -> Cost {
        if self.is_before_entries(node) { -self.prices[node] } else { self.prices[node] }
    }

    fn set_threshold(&mut self, node: usize, threshold: Cost) {
        let before = self.is_before_entries(node);
        self.prices[node] = if before { -threshold } else { threshold };
    }

    /// Guesses thresholds for the far lines such that little will be left to repair.
    ///
    /// Any thresholds would do. These come from pricing one far line after the other as an auction
    /// would, with the others' thresholds as they stand: at each near line it can outbid whoever
    /// comes last among those who get a unit there.
    fn price_far_lines(&mut self, near: Lines, far: Lines) {
        let mut dues = vec![0; self.rows + self.columns];
        for lines in [near, far] {
            let (nodes, hub) = self.nodes_of(lines);
            for node in nodes {
                dues[node] = self.due(node);
            }
            let mut totals = self.arcs_at[hub].clone();
            totals.sort_by_key(|&index| self.arcs[index].cost);
            for &index in &totals[..self.due(hub)] {
                dues[self.arcs[index].other_end(hub)] += 1;
            }
        }
        let mut offers = vec![Vec::new(); self.rows + self.columns];
        for node in self.nodes_of(near).0 {
            let costs = self.entries_at(node).iter().map(|&index| self.arcs[index].cost.entries);
            offers[node] = costs.collect();
            offers[node].sort_unstable();
        }
        for _ in 0..PRICING_ROUNDS {
            let before = self.prices.clone();
            for node in self.nodes_of(far).0 {
                self.price_far_line(node, &dues, &mut offers);
            }
            if self.prices == before {
                break;
            }
        }
    }

    /// Sets the threshold of a far line. `offers` are, for each near line, the costs of its entries
    /// less the thresholds across, ascending.
    fn price_far_line(&mut self, node: usize, dues: &[usize], offers: &mut [Vec<i128>]) {
        let mut due = dues[node];
        let mut bids = Vec::new();
        let threshold = self.threshold(node).entries;
        for &index in self.entries_at(node) {
            let near = self.arcs[index].other_end(node);
            let cost = self.arcs[index].cost.entries;
            let rivals = &mut offers[near];
            rivals.remove(rivals.partition_point(|&offer| offer < cost - threshold));
            match dues[near] {
                0 => {}
                // There is a unit for everyone, whatever the bid.
                near_due if near_due > rivals.len() => due = due.saturating_sub(1),
                near_due => bids.push(cost - rivals[near_due - 1]),
            }
        }
        bids.sort_unstable();
        let threshold = match (bids.get(due.wrapping_sub(1)), bids.get(due)) {
            (Some(last), Some(next)) => last + (next - last) / 2,
            (None, Some(only)) => *only,
            (_, None) => bids.last().copied().unwrap_or(threshold),
        };
        self.set_threshold(node, Cost::of_entry(threshold));
        for &index in self.entries_at(node) {
            let offer = self.arcs[index].cost.entries - threshold;
            let offers = &mut offers[self.arcs[index].other_end(node)];
            offers.insert(offers.partition_point(|&other| other < offer), offer);
        }
    }

    /// Solves the table as if the far lines did not have to add up, at their thresholds. Each near
    /// line then stands alone, and its entries go by largest remainder.
    fn round_near_lines(&mut self, near: Lines, far: Lines) {
        self.raise_totals(self.nodes_of(far).1);
        let (nodes, hub) = self.nodes_of(near);
        for node in nodes {
            let due = self.due(node);
            // Among equals to the far line that lacks most: that leaves less to repair.
            let mut entries: Vec<_> = self
                .entries_at(node)
                .iter()
                .map(|&index| {
                    let arc = &self.arcs[index];
                    let across = arc.other_end(node);
                    let cost = arc.cost.entries - self.threshold(across).entries;
                    (cost, Reverse(self.lack(across)), index)
                })
                .collect();
            entries.sort_unstable();
            for &(_, _, index) in &entries[..due] {
                self.turn(index);
            }
            // A total that goes up takes one entry more, the next one. At a threshold of just its
            // cost both are right, with it and without it. (A line without a next one is whole.)
            if let Some(&(cost, _, _)) = entries.get(due).or(entries.last()) {
                self.set_threshold(node, Cost::of_entry(cost));
            }
        }
        for node in self.raise_totals(hub) {
            let next = self
                .entries_at(node)
                .iter()
                .filter(|&&index| !self.arcs[index].up && self.is_open(index))
                .max_by_key(|&&index| self.lack(self.arcs[index].other_end(node)));
            self.turn(*next.expect("a total that is not whole has an entry to raise"));
        }
    }

    /// Raises as many totals as the hub lacks, those that cost least with what their lines take for
    /// one entry more. The lines that were raised.
    fn raise_totals(&mut self, hub: usize) -> Vec<usize> {
        let due = self.due(hub);
        let mut totals: Vec<_> = self.arcs_at[hub]
            .iter()
            .map(|&index| {
                let arc = &self.arcs[index];
                (arc.cost + self.threshold(arc.other_end(hub)), index)
            })
            .collect();
        totals.sort_unstable();
        if let Some(&(cost, _)) = totals.get(due).or(totals.last()) {
            self.set_threshold(hub, cost);
        }
        totals.truncate(due);
        let raise = |(_, index): (Cost, usize)| {
            self.turn(index);
            self.arcs[index].other_end(hub)
        };
        totals.into_iter().map(raise).collect()
    }

    /// Makes the far lines add up: from a line with units too many takes one after the other to the
    /// nearest that has too few.
    fn repair_far_lines(&mut self) {
        let mut search = NearestSearch::new(self.excess.len());
        for source in 0..self.excess.len() {
            while self.excess[source] > 0 {
                for index in self.cheapest_path(source, &mut search) {
                    self.turn(index);
                }
            }
        }
    }

    /// The arcs of a cheapest path from `source` to the nearest node with too few units. Moves the
    /// prices so that turning them leaves the proof intact: on the path, reduced costs become zero.
    fn cheapest_path(&mut self, source: usize, search: &mut NearestSearch) -> Vec<usize> {
        search.start(source);
        let (target, length) = loop {
            let (node, distance) = search.settle_nearest().expect("a table can always be rounded");
            if self.excess[node] < 0 {
                break (node, distance);
            }
            let here = distance + self.prices[node];
            for &index in &self.arcs_at[node] {
                if let Some((end, cost)) = self.arcs[index].onward(node)
                    && !search.is_settled(end)
                {
                    search.reach(end, here + cost - self.prices[end], index);
                }
            }
        };
        for &node in &search.settled {
            self.prices[node] = self.prices[node] + search.distance[node] - length;
        }
        let mut path = Vec::new();
        let mut node = target;
        while node != source {
            let index = search.reached_by[node];
            path.push(index);
            node = self.arcs[index].other_end(node);
        }
        path
    }

    /// Whether a choice could be the other one at the same cost, as far as the prices tell.
    fn is_open(&self, index: usize) -> bool {
        self.reduced_cost(&self.arcs[index]) == Cost::ZERO
    }

    /// Takes the first by rule 4 of all tables that are equally close.
    ///
    /// Choices whose reduced cost is not zero are the same in all of them, and any two differ by
    /// cycles of the others. So each choice in its turn goes up if it can on a cycle that leaves
    /// alone those before it.
    fn settle_ties(&mut self) {
        let open: Vec<usize> = (0..self.arcs.len()).filter(|&index| self.is_open(index)).collect();
        let mut search = CycleSearch::new(&self.arcs, &open, self.excess.len());
        for index in open {
            if !self.arcs[index].up
                && let Some(cycle) = search.cycle_raising(index, &self.arcs)
            {
                for index in cycle {
                    self.turn(index);
                }
            }
        }
    }
}

/// The working state of Dijkstra's algorithm, kept from one search to the next.
struct NearestSearch {
    heap: BinaryHeap<Reverse<(Cost, usize)>>,
    progress: Vec<Progress>,
    /// Holds for nodes that are not `Unseen`.
    distance: Vec<Cost>,
    /// The arc on which a node was reached. Holds as `distance` does, but for the source.
    reached_by: Vec<usize>,
    seen: Vec<usize>,
    settled: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Unseen,
    Seen,
    Settled,
}

impl NearestSearch {
    fn new(nodes: usize) -> Self {
        Self {
            heap: BinaryHeap::new(),
            progress: vec![Progress::Unseen; nodes],
            distance: vec![Cost::ZERO; nodes],
            reached_by: vec![0; nodes],
            seen: Vec::new(),
            settled: Vec::new(),
        }
    }

    fn start(&mut self, source: usize) {
        for node in self.seen.drain(..) {
            self.progress[node] = Progress::Unseen;
        }
        self.settled.clear();
        self.heap.clear();
        self.reach(source, Cost::ZERO, 0);
    }

    fn is_settled(&self, node: usize) -> bool {
        self.progress[node] == Progress::Settled
    }

    fn reach(&mut self, node: usize, distance: Cost, by: usize) {
        match self.progress[node] {
            Progress::Unseen => {
                self.progress[node] = Progress::Seen;
                self.seen.push(node);
            }
            Progress::Seen if distance < self.distance[node] => {}
            _ => return,
        }
        self.distance[node] = distance;
        self.reached_by[node] = by;
        self.heap.push(Reverse((distance, node)));
    }

    fn settle_nearest(&mut self) -> Option<(usize, Cost)> {
        while let Some(Reverse((distance, node))) = self.heap.pop() {
            if !self.is_settled(node) {
                self.progress[node] = Progress::Settled;
                self.settled.push(node);
                return Some((node, distance));
            }
        }
        None
    }
}

/// Looks for cycles among the open choices, raising one after the other, ascending.
///
/// Nodes that no cycle joins any more get different groups, for good: a cycle stays within one
/// group, turning it keeps its nodes joined, and going on to the next choice only takes cycles
/// away. So a search that fails splits a group, and fewer fail than there are nodes.
struct CycleSearch {
    /// The open arcs at each node, ascending.
    open_at: Vec<Vec<usize>>,
    /// The open arcs by which a unit can leave each node. One that has become of no use is taken
    /// out when a search comes across it.
    ways_out: Vec<Vec<usize>>,
    group: Vec<usize>,
    groups: usize,
    /// The last search that came to each node.
    visited_in: Vec<usize>,
    searches: usize,
    /// Where the cycles that are looked for come back to; the same for many in a row.
    end: Option<usize>,
    /// The arcs at `end`, without those that have turned out to be of no use.
    last_steps: Vec<usize>,
    /// For each node the arc to `end`, if there is one; else one to a former end, or none.
    last_step_from: Vec<Option<usize>>,
}

impl CycleSearch {
    fn new(arcs: &[Arc], open: &[usize], nodes: usize) -> Self {
        let mut open_at = vec![Vec::new(); nodes];
        let mut ways_out = vec![Vec::new(); nodes];
        for &index in open {
            let arc = &arcs[index];
            open_at[arc.tail].push(index);
            open_at[arc.head].push(index);
            ways_out[if arc.up { arc.head } else { arc.tail }].push(index);
        }
        Self {
            open_at,
            ways_out,
            group: vec![0; nodes],
            groups: 1,
            visited_in: vec![0; nodes],
            searches: 0,
            end: None,
            last_steps: Vec::new(),
            last_step_from: vec![None; nodes],
        }
    }

    /// A cycle that raises the arc `raised` and leaves alone all before it, if there is one. The
    /// caller is to turn its arcs.
    ///
    /// Goes depth first: where ties are many, nearly any way leads there.
    fn cycle_raising(&mut self, raised: usize, arcs: &[Arc]) -> Option<Vec<usize>> {
        let (start, end) = (arcs[raised].head, arcs[raised].tail);
        if self.group[start] != self.group[end] {
            return None;
        }
        if !self.has_last_step(end, raised, arcs) {
            self.split_off(&[end]);
            return None;
        }
        self.searches += 1;
        self.visited_in[start] = self.searches;
        let mut reached = vec![start];
        // Each node on the way, with the position of the way out that was taken.
        let mut way = vec![(start, 0)];
        while let Some((node, position)) = way.last_mut() {
            if let Some(index) = self.last_step_from[*node]
                && self.leads_on(index, *node, raised, arcs) == Some(end)
            {
                way.pop();
                return Some(self.close_cycle(raised, &way, index, arcs));
            }
            if let Some(next) = self.next_on_way(*node, position, raised, arcs) {
                self.visited_in[next] = self.searches;
                reached.push(next);
                way.push((next, 0));
            } else {
                way.pop();
                if let Some((_, position)) = way.last_mut() {
                    *position += 1;
                }
            }
        }
        self.split_off(&reached);
        None
    }

    /// Where an arc takes a unit from a node, if it is still to be decided and can be on a cycle.
    fn leads_on(&self, index: usize, node: usize, raised: usize, arcs: &[Arc]) -> Option<usize> {
        let (end, _) = arcs[index].onward(node)?;
        (index > raised && self.group[end] == self.group[node]).then_some(end)
    }

    /// Whether any arc leads to `end`. While `end` stays the same, none becomes of use again.
    fn has_last_step(&mut self, end: usize, raised: usize, arcs: &[Arc]) -> bool {
        if self.end != Some(end) {
            self.end = Some(end);
            self.last_steps.clone_from(&self.open_at[end]);
            for &index in &self.last_steps {
                self.last_step_from[arcs[index].other_end(end)] = Some(index);
            }
        }
        while let Some(&index) = self.last_steps.last() {
            let node = arcs[index].other_end(end);
            if self.leads_on(index, node, raised, arcs).is_some() {
                return true;
            }
            self.last_steps.pop();
        }
        false
    }

    /// The next node that this search has not come to; `position` moves on to the way there.
    fn next_on_way(&mut self, node: usize, position: &mut usize, raised: usize, arcs: &[Arc]) -> Option<usize> {
        while let Some(&index) = self.ways_out[node].get(*position) {
            match self.leads_on(index, node, raised, arcs) {
                Some(next) if self.visited_in[next] != self.searches => return Some(next),
                Some(_) => *position += 1,
                None => {
                    self.ways_out[node].swap_remove(*position);
                }
            }
        }
        None
    }

    /// The arcs of a cycle; from now on the ways along it lead the other way round.
    fn close_cycle(&mut self, raised: usize, way: &[(usize, usize)], last_step: usize, arcs: &[Arc]) -> Vec<usize> {
        let mut cycle = vec![last_step];
        for &(node, position) in way {
            cycle.push(self.ways_out[node].swap_remove(position));
        }
        for &index in &cycle {
            let arc = &arcs[index];
            self.ways_out[if arc.up { arc.tail } else { arc.head }].push(index);
        }
        cycle.push(raised);
        cycle
    }

    fn split_off(&mut self, nodes: &[usize]) {
        for &node in nodes {
            self.group[node] = self.groups;
        }
        self.groups += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CENT: i128 = 10_000_000_000_000_000;

    fn entry(row: usize, column: usize, amount: i128) -> Entry {
        Entry { row, column, amount }
    }

    /// A full table, written as it would be on paper.
    fn table(rows: &[&[i128]]) -> Vec<Entry> {
        let of_row = |(row, amounts): (usize, &&[i128])| {
            let of_column = move |(column, &amount): (usize, &i128)| entry(row, column, amount);
            amounts.iter().enumerate().map(of_column).collect::<Vec<_>>()
        };
        rows.iter().enumerate().flat_map(of_row).collect()
    }

    fn round(rows: usize, columns: usize, entries: &[Entry], unit: i128) -> Rounded {
        round_table(rows, columns, entries, unit).expect("small amounts do not overflow")
    }

    /// Exact totals, at the scale of the amounts.
    fn totals(count: usize, entries: &[Entry], line: impl Fn(&Entry) -> usize) -> Vec<i128> {
        let mut totals = vec![0; count];
        for entry in entries {
            totals[line(entry)] += entry.amount;
        }
        totals
    }

    fn half_even(amount: i128, unit: i128) -> i128 {
        let (floor, remainder) = (amount.div_euclid(unit), amount.rem_euclid(unit));
        match (2 * remainder).cmp(&unit) {
            std::cmp::Ordering::Less => floor,
            std::cmp::Ordering::Greater => floor + 1,
            std::cmp::Ordering::Equal => floor + floor.rem_euclid(2),
        }
    }

    /// The rounding by the rules of the module's page alone: tries every choice of every entry.
    fn by_trying_everything(rows: usize, columns: usize, entries: &[Entry], unit: i128) -> Rounded {
        let exact_rows = totals(rows, entries, |entry| entry.row);
        let exact_columns = totals(columns, entries, |entry| entry.column);
        let total = half_even(entries.iter().map(|entry| entry.amount).sum(), unit);
        let exact: Vec<i128> = entries.iter().map(|entry| entry.amount).collect();
        let open: Vec<usize> = (0..entries.len()).filter(|&index| exact[index].rem_euclid(unit) != 0).collect();
        let mut by_place: Vec<usize> = (0..entries.len()).collect();
        by_place.sort_by_key(|&index| (entries[index].row, entries[index].column));

        let is_neighbour = |exact: i128, rounded: i128| (rounded * unit - exact).abs() < unit;
        let difference = |exact: &[i128], rounded: &[i128]| -> i128 {
            exact.iter().zip(rounded).map(|(exact, rounded)| (rounded * unit - exact).abs()).sum()
        };
        let downs = |exact: &[i128], rounded: &[i128]| -> Vec<bool> {
            exact.iter().zip(rounded).map(|(exact, rounded)| rounded * unit <= *exact).collect()
        };
        (0_u32..1 << open.len())
            .filter_map(|choice| {
                let mut amounts: Vec<i128> = exact.iter().map(|a| a.div_euclid(unit)).collect();
                for (bit, &index) in open.iter().enumerate() {
                    amounts[index] += i128::from(choice >> bit & 1);
                }
                let rounded_entries: Vec<Entry> =
                    entries.iter().zip(&amounts).map(|(entry, &amount)| Entry { amount, ..*entry }).collect();
                let rounded = Rounded {
                    rows: totals(rows, &rounded_entries, |entry| entry.row),
                    columns: totals(columns, &rounded_entries, |entry| entry.column),
                    total: amounts.iter().sum(),
                    entries: amounts,
                };
                let possible = rounded.total == total
                    && exact_rows.iter().zip(&rounded.rows).all(|(e, r)| is_neighbour(*e, *r))
                    && exact_columns.iter().zip(&rounded.columns).all(|(e, r)| is_neighbour(*e, *r));
                let entry_downs = downs(&exact, &rounded.entries);
                let rank = (
                    difference(&exact_rows, &rounded.rows),
                    difference(&exact_columns, &rounded.columns),
                    difference(&exact, &rounded.entries),
                    downs(&exact_rows, &rounded.rows),
                    downs(&exact_columns, &rounded.columns),
                    by_place.iter().map(|&index| entry_downs[index]).collect::<Vec<_>>(),
                );
                possible.then_some((rank, rounded))
            })
            .min_by(|(one, _), (other, _)| one.cmp(other))
            .map(|(_, rounded)| rounded)
            .expect("a table can always be rounded")
    }

    /// Largest remainders on a list: everything down, then what is missing from the total goes to
    /// the largest remainders, the first of equal ones first.
    fn largest_remainders(amounts: &[i128], unit: i128) -> Vec<i128> {
        let mut rounded: Vec<i128> = amounts.iter().map(|a| a.div_euclid(unit)).collect();
        let mut missing = half_even(amounts.iter().sum(), unit) - rounded.iter().sum::<i128>();
        let mut order: Vec<usize> = (0..amounts.len()).collect();
        order.sort_by_key(|&index| Reverse(amounts[index].rem_euclid(unit)));
        for index in order {
            if missing > 0 {
                rounded[index] += 1;
                missing -= 1;
            }
        }
        rounded
    }

    /// Rows, columns, and entries at distinct places in any order. Amounts are few minor units, so
    /// that whole ones, zeros and ties are common.
    fn tables(
        rows_max: usize,
        columns_max: usize,
        amounts: Range<i128>,
    ) -> impl Strategy<Value = (usize, usize, Vec<Entry>)> {
        (1..=rows_max, 1..=columns_max)
            .prop_flat_map(move |(rows, columns)| {
                let amount = prop_oneof![1 => Just(None), 4 => amounts.clone().prop_map(Some)];
                let amounts = prop::collection::vec(amount, rows * columns);
                (Just(rows), Just(columns), amounts)
            })
            .prop_map(|(rows, columns, amounts)| {
                let listed = amounts
                    .into_iter()
                    .enumerate()
                    .filter_map(|(place, amount)| Some(entry(place / columns, place % columns, amount?)));
                (rows, columns, listed.collect::<Vec<_>>())
            })
            .prop_flat_map(|(rows, columns, entries)| (Just(rows), Just(columns), Just(entries).prop_shuffle()))
    }

    fn assert_identities(rows: usize, columns: usize, entries: &[Entry], unit: i128, rounded: &Rounded) {
        let assert_neighbours = |exact: &[i128], rounded: &[i128]| {
            assert_eq!(exact.len(), rounded.len());
            for (exact, rounded) in exact.iter().zip(rounded) {
                // Less than a unit away leaves the floor and the ceiling, and only itself if whole.
                assert!((rounded * unit - exact).abs() < unit, "{exact} became {rounded}");
            }
        };
        let exact: Vec<i128> = entries.iter().map(|entry| entry.amount).collect();
        assert_neighbours(&exact, &rounded.entries);
        assert_neighbours(&totals(rows, entries, |entry| entry.row), &rounded.rows);
        assert_neighbours(&totals(columns, entries, |entry| entry.column), &rounded.columns);
        assert_eq!(rounded.total, half_even(exact.iter().sum(), unit));

        let pairs = entries.iter().zip(&rounded.entries);
        let rounded_entries: Vec<Entry> = pairs.map(|(entry, &amount)| Entry { amount, ..*entry }).collect();
        assert_eq!(rounded.rows, totals(rows, &rounded_entries, |entry| entry.row));
        assert_eq!(rounded.columns, totals(columns, &rounded_entries, |entry| entry.column));
        assert_eq!(rounded.total, rounded.rows.iter().sum::<i128>());
        assert_eq!(rounded.total, rounded.columns.iter().sum::<i128>());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn no_other_choice_is_closer_and_ties_go_by_number(
            (rows, columns, entries) in tables(3, 4, -25..25),
            unit in prop::sample::select(vec![1, 2, 3, 4, 5, 7, 10]),
        ) {
            let expected = by_trying_everything(rows, columns, &entries, unit);
            prop_assert_eq!(round(rows, columns, &entries, unit), expected);
        }

        #[test]
        fn no_other_choice_is_closer_in_a_tall_table(
            (rows, columns, entries) in tables(6, 2, -9..9),
            unit in 2_i128..6,
        ) {
            let expected = by_trying_everything(rows, columns, &entries, unit);
            prop_assert_eq!(round(rows, columns, &entries, unit), expected);
        }

        #[test]
        fn one_column_is_rounded_by_largest_remainders(
            amounts in prop::collection::vec(-1000_i128..1000, 0..40),
            unit in 1_i128..20,
        ) {
            let column: Vec<Entry> =
                amounts.iter().enumerate().map(|(row, &a)| entry(row, 0, a)).collect();
            let rounded = round(amounts.len(), 1, &column, unit);
            prop_assert_eq!(rounded.entries, largest_remainders(&amounts, unit));
        }

        #[test]
        fn one_row_is_rounded_by_largest_remainders(
            amounts in prop::collection::vec(-1000_i128..1000, 0..40),
            unit in 1_i128..20,
        ) {
            let row: Vec<Entry> =
                amounts.iter().enumerate().map(|(column, &a)| entry(0, column, a)).collect();
            let rounded = round(1, amounts.len(), &row, unit);
            prop_assert_eq!(rounded.entries, largest_remainders(&amounts, unit));
        }

        #[test]
        fn the_order_of_the_entries_does_not_matter(
            (rows, columns, entries) in tables(8, 8, -25..25),
            unit in 2_i128..11,
        ) {
            let mut sorted = entries.clone();
            sorted.sort_by_key(|entry| (entry.row, entry.column));
            let expected = round(rows, columns, &sorted, unit);
            let rounded = round(rows, columns, &entries, unit);
            prop_assert_eq!(&rounded.rows, &expected.rows);
            prop_assert_eq!(&rounded.columns, &expected.columns);
            for (entry, amount) in entries.iter().zip(rounded.entries) {
                let is_it = |other: &Entry| (other.row, other.column) == (entry.row, entry.column);
                let index = sorted.iter().position(is_it).expect("the same entries");
                prop_assert_eq!(amount, expected.entries[index]);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn larger_tables_add_up_and_no_figure_moves_by_a_whole_unit(
            (rows, columns, entries) in tables(30, 30, -5 * CENT..5 * CENT),
        ) {
            let rounded = round(rows, columns, &entries, CENT);
            assert_identities(rows, columns, &entries, CENT, &rounded);
        }

        #[test]
        fn larger_tables_full_of_ties_add_up_too(
            (rows, columns, entries) in tables(30, 30, -12..12),
            unit in 2_i128..7,
        ) {
            let rounded = round(rows, columns, &entries, unit);
            assert_identities(rows, columns, &entries, unit, &rounded);
        }

        /// Two ways to the same answer: there is one closest table after ties, so it may not matter
        /// whether rows or columns are solved first. Reaches sizes that cannot be tried out.
        #[test]
        fn which_lines_are_solved_first_does_not_matter(
            (rows, columns, entries) in tables(20, 20, -12..12),
            unit in 2_i128..7,
        ) {
            prop_assert_eq!(
                round_table_from(Lines::Rows, rows, columns, &entries, unit),
                round_table_from(Lines::Columns, rows, columns, &entries, unit)
            );
        }
    }

    #[test]
    fn a_pool_split_in_three_gives_the_odd_cent_to_the_first_unit() {
        // 100.00 / 3 is 3333.33... cents; the split itself gave the 10^-18 left over to the first,
        // so its remainder is the largest. The column is whole, 10000 cents: one of the three goes
        // up.
        let third = 100 * 100 * CENT / 3;
        let rounded = round(3, 1, &table(&[&[third + 1], &[third], &[third]]), CENT);
        assert_eq!(rounded.entries, [3334, 3333, 3333]);
        assert_eq!(rounded.columns, [10_000]);
    }

    #[test]
    fn rounding_each_figure_alone_would_not_add_up_but_this_does() {
        // In tenths of a unit:    alone:        the row totals 10 and 10 are whole, so each row
        //   4 3 3 | 10            0 0 0 | 1     raises one of three, each column of 7, 7, 6 goes
        //   3 4 3 | 10            0 0 0 | 1     down or up, and the total is 20: two columns up.
        //   7 7 6 | 20            1 1 1 | 2     Columns 1 and 2 are nearer to up (7 against 6).
        let rounded = round(2, 3, &table(&[&[4, 3, 3], &[3, 4, 3]]), 10);
        assert_eq!(rounded.entries, [1, 0, 0, 0, 1, 0]);
        assert_eq!(rounded.rows, [1, 1]);
        assert_eq!(rounded.columns, [1, 1, 0]);
        assert_eq!(rounded.total, 2);
    }

    #[test]
    fn row_totals_come_before_entries() {
        // In tenths. Row totals 12, 9, 9: total 30, so the floors 1 + 0 + 0 leave two to raise, and
        // the closest are rows 2 and 3 (0.1 off each). The largest remainders among the entries, 6
        // and 6, lie both in row 1 (2 would be 0.8 off).
        //   6 6 | 12         1 0 | 1     Row 1 raises one entry: 6 either way. Columns 15 and 15:
        //   5 4 |  9         0 1 | 1     one up, one down; tied, so column 1 goes up: 2 and 1.
        //   4 5 |  9         1 0 | 1     Rows 2 and 3 raise one entry each.
        //  15 15 | 30        2 1 | 3
        // Column 1 gets two of three. Raised sum of remainders: (1,1) with (2,1)(3,2): 6+5+5 = 16;
        // (1,2) with (2,1)(3,1): 6+5+4 = 15; (1,1) with (2,2)(3,1): 14. So the first.
        let rounded = round(3, 2, &table(&[&[6, 6], &[5, 4], &[4, 5]]), 10);
        assert_eq!(rounded.rows, [1, 1, 1]);
        assert_eq!(rounded.columns, [2, 1]);
        assert_eq!(rounded.entries, [1, 0, 1, 0, 0, 1]);
    }

    #[test]
    fn whole_figures_stay_as_they_are() {
        // In tenths: (1,1) is 20, so 2. Row 2 totals 10, so 1. Columns 25 and 5 share the 30 left.
        //  20  0 | 20        2 0 | 2
        //   5  5 | 10        1 0 | 1     Columns tie at one half: the first goes up.
        //  25  5 | 30        3 0 | 3
        let rounded = round(2, 2, &table(&[&[20, 0], &[5, 5]]), 10);
        assert_eq!(rounded.entries, [2, 0, 1, 0]);
        assert_eq!(rounded.columns, [3, 0]);
    }

    #[test]
    fn credits_go_down_towards_minus_infinity() {
        // In tenths: -13 lies between -2 and -1, at -1.3 nearer to -1; 3 between 0 and 1. The total
        // is -10, whole: -1. Floors -2 + 0, one to raise: -13 has the larger remainder, 7 against
        // 3.
        let rounded = round(2, 1, &table(&[&[-13], &[3]]), 10);
        assert_eq!(rounded.entries, [-1, 0]);
        assert_eq!(rounded.total, -1);
    }

    #[test]
    fn a_grand_total_of_one_half_goes_to_the_even_neighbour() {
        // 2.5 to 2 and 3.5 to 4, -2.5 to -2 and -3.5 to -4.
        for (amount, expected) in [(25, 2), (35, 4), (-25, -2), (-35, -4)] {
            assert_eq!(round(1, 1, &[entry(0, 0, amount)], 10).entries, [expected]);
        }
    }

    #[test]
    fn equal_rows_are_raised_from_the_top_and_equal_columns_from_the_left() {
        // Nine halves are 4.5, so 4. Of three rows of 1.5, floors 1 + 1 + 1, one goes up: the
        // first. So does the first column. Row 1 takes two entries and begins on the left: (1,1),
        // (1,2). That is all for column 2. Column 1 takes one more, in row 2, which is before row
        // 3, and row 3 is left with column 3:
        //   1 1 0 | 2
        //   1 0 0 | 1
        //   0 0 1 | 1
        //   2 1 1 | 4
        let half: &[i128] = &[1, 1, 1];
        let rounded = round(3, 3, &table(&[half, half, half]), 2);
        assert_eq!(rounded.entries, [1, 1, 0, 1, 0, 0, 0, 0, 1]);
        assert_eq!(rounded.rows, [2, 1, 1]);
        assert_eq!(rounded.columns, [2, 1, 1]);
    }

    #[test]
    fn an_empty_table_and_lines_without_entries_are_zero() {
        let nothing = Rounded { entries: vec![], rows: vec![], columns: vec![], total: 0 };
        assert_eq!(round_table(0, 0, &[], CENT), Ok(nothing));
        let rounded = round(3, 2, &[entry(1, 0, 7 * CENT)], CENT);
        assert_eq!(rounded.rows, [0, 7, 0]);
        assert_eq!(rounded.columns, [7, 0]);
    }

    #[test]
    fn totals_that_only_overflow_at_the_scale_of_the_amounts_are_rounded() {
        let rounded = round(2, 1, &table(&[&[i128::MAX], &[i128::MAX]]), CENT);
        // 2 × (2^127 - 1) = 340282366920938463463374607431768211454, and a cent is 10^16.
        assert_eq!(rounded.total, 34_028_236_692_093_846_346_337);
    }

    #[test]
    fn a_total_that_does_not_fit_is_an_overflow() {
        assert_eq!(round_table(2, 1, &table(&[&[i128::MAX], &[1]]), 1), Err(Overflow));
        assert_eq!(round_table(1, 2, &table(&[&[i128::MIN, -1]]), 1), Err(Overflow));
    }

    #[test]
    #[should_panic(expected = "listed twice")]
    fn an_entry_listed_twice_is_a_mistake() {
        let _ = round_table(1, 1, &[entry(0, 0, 1), entry(0, 0, 1)], 10);
    }

    #[test]
    #[should_panic(expected = "outside the table")]
    fn an_entry_outside_the_table_is_a_mistake() {
        let _ = round_table(1, 1, &[entry(0, 1, 1)], 10);
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn a_unit_above_the_largest_is_a_mistake() {
        let _ = round_table(1, 1, &[], UNIT_MAX + 1);
    }
}
