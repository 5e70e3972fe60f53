//! The three months, and the working weeks in them.

/// A month of the sample.
pub(crate) struct Period {
    pub(crate) name: &'static str,
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) days: i64,
    /// 0 is the first month of the sample.
    pub(crate) index: i64,
    /// The day each timesheet week is booked on, and the working days of the week that fall in the month.
    pub(crate) weeks: &'static [(i64, i64)],
    /// How much of the working time is holiday, in parts of a thousand.
    pub(crate) leave: i64,
}

#[rustfmt::skip]
pub(crate) const PERIODS: [Period; 3] = [
    // Monday the 31st of August is a bank holiday.
    Period { name: "2026-08", year: 2026, month: 8, days: 31, index: 0, leave: 300, weeks: &[(7, 5), (14, 5), (21, 5), (28, 5)] },
    Period { name: "2026-09", year: 2026, month: 9, days: 30, index: 1, leave: 140, weeks: &[(4, 4), (11, 5), (18, 5), (25, 5), (30, 3)] },
    Period { name: "2026-10", year: 2026, month: 10, days: 31, index: 2, leave: 180, weeks: &[(2, 2), (9, 5), (16, 5), (23, 5), (30, 5)] },
];

impl Period {
    /// `2026-10-05`
    pub(crate) fn iso(&self, day: i64) -> String {
        format!("{}-{:02}-{day:02}", self.year, self.month)
    }

    /// `05/10/2026`
    pub(crate) fn uk(&self, day: i64) -> String {
        format!("{day:02}/{:02}/{}", self.month, self.year)
    }

    /// The first of the month after this one, at midnight, as a bill writes it.
    pub(crate) fn next_start(&self) -> String {
        format!("{}-{:02}-01T00:00:00Z", self.year, self.month + 1)
    }

    /// `1`: Monday … `7`: Sunday. The 1st of August 2026 was a Saturday.
    pub(crate) fn weekday(&self, day: i64) -> i64 {
        let since_august: i64 = PERIODS.iter().filter(|p| p.index < self.index).map(|p| p.days).sum();
        (since_august + day + 4) % 7 + 1
    }
}
