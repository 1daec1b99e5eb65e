//! Tables and colours for humans.

use std::io::IsTerminal;

use comfy_table::Attribute;
use comfy_table::Cell;
use comfy_table::Color;
use comfy_table::ContentArrangement;
use comfy_table::Table;
use comfy_table::presets;

/// The narrowest terminal that cells are broken into lines for.
const NARROWEST_COLUMNS: u16 = 60;

/// What a word says about the thing it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It works.
    Good,
    /// It does not, and that is in order.
    Neutral,
    /// It does not.
    Bad,
}

/// How the standard output can be written to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    has_colours: bool,
}

impl Screen {
    /// Colours are for terminals whose user has not set `NO_COLOR` (<https://no-color.org>).
    pub(crate) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { has_colours: wanted && std::io::stdout().is_terminal() }
    }

    /// A table without lines, as wide as the terminal.
    pub(crate) fn table<'a>(self, header: impl IntoIterator<Item = &'a str>) -> Table {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        // A terminal that is next to nothing wide does not know its width.
        if table.width().is_some_and(|columns| columns >= NARROWEST_COLUMNS) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        let cells: Vec<Cell> = header.into_iter().map(|title| self.heading(title)).collect();
        if !cells.is_empty() {
            table.set_header(cells);
        }
        table
    }

    fn heading(self, title: &str) -> Cell {
        let cell = Cell::new(title);
        if self.has_colours { cell.add_attribute(Attribute::Bold) } else { cell }
    }

    /// A word in the colour of what it says.
    pub(crate) fn word(self, text: impl ToString, tone: Tone) -> Cell {
        let cell = Cell::new(text);
        match tone {
            _ if !self.has_colours => cell,
            Tone::Good => cell.fg(Color::Green),
            Tone::Neutral => cell.fg(Color::DarkGrey),
            Tone::Bad => cell.fg(Color::Red),
        }
    }

    /// A line in bold.
    pub(crate) fn title(self, text: &str) -> String {
        if self.has_colours { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }
}
