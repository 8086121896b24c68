//! What of a receipt stands where: pages of things with their places, and what they are to a reader who does not see them.
//!
//! All measures are points (1/72 inch) from the upper left corner; A4 is 210 mm × 297 mm (ISO 216).

use crate::code::{Code, code};
use crate::face::{Face, Line};
use crate::{Check, DocumentError, ReceiptDocument, Row};

pub(crate) const PAGE: (f32, f32) = (595.276, 841.89);
const LEFT: f32 = 56.0;
const RIGHT: f32 = PAGE.0 - LEFT;
const TOP: f32 = 52.0;
const BOTTOM: f32 = PAGE.1 - 66.0;
/// From where values stand.
const VALUES: f32 = LEFT + 118.0;
const CODE_SIDE: f32 = 100.0;
/// Between the code and what is beside it: more than its quiet zone of four modules (ISO/IEC 18004 §9.1).
const CODE_GAP: f32 = 16.0;

/// Lightness: 0 is black, 255 is paper.
const INK: u8 = 20;
const SOFT: u8 = 95;
const HAIR: u8 = 205;
const TINT: u8 = 244;

/// The whole of it.
pub(crate) struct Layout {
    pub(crate) pages: Vec<Vec<Placed>>,
    pub(crate) nodes: Vec<Node>,
}

/// Something at a place.
pub(crate) struct Placed {
    pub(crate) x: f32,
    /// The baseline of a text, the upper edge of anything else.
    pub(crate) y: f32,
    pub(crate) what: What,
    /// What it belongs to; nothing, if it is only decoration or repeated on every page.
    pub(crate) node: Option<NodeId>,
}

pub(crate) enum What {
    Text {
        line: Line,
        size: f32,
        shade: u8,
    },
    Box {
        width: f32,
        height: f32,
        shade: u8,
    },
    Code {
        code: Code,
        side: f32,
    },
    /// A place that leads to an address.
    Link {
        width: f32,
        height: f32,
        address: String,
    },
}

/// A part of the document's structure (ISO 32000-1 §14.8.4).
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) parent: Option<NodeId>,
}

pub(crate) type NodeId = usize;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Title,
    Heading,
    Paragraph,
    Table,
    Row,
    Label,
    Value,
    /// With what it shows, in words.
    Figure(String),
    Link,
}

/// How a text looks.
#[derive(Clone, Copy)]
struct Style {
    size: f32,
    shade: u8,
}
const fn style(size: f32, shade: u8) -> Style {
    Style { size, shade }
}
impl Style {
    fn line_height(self) -> f32 {
        self.size * 1.55
    }
    /// From the upper edge of a line to its baseline.
    fn baseline(self) -> f32 {
        self.size * 1.16
    }
}
const ISSUER: Style = style(10.5, SOFT);
const TITLE: Style = style(24.0, INK);
const NUMBER: Style = style(12.0, INK);
const SMALL: Style = style(8.5, SOFT);
const AMOUNT: Style = style(26.0, INK);
const WORDS: Style = style(11.0, INK);
const HEADING: Style = style(10.5, INK);
const LABEL: Style = style(9.5, SOFT);
const VALUE: Style = style(9.5, INK);
const ADDRESS: Style = style(7.0, SOFT);

/// Places everything.
pub(crate) fn layout(receipt: &ReceiptDocument, face: &Face) -> Result<Layout, DocumentError> {
    let mut flow = Flow { face, pages: vec![Vec::new()], nodes: Vec::new(), y: TOP };
    flow.head(receipt);
    flow.amount(receipt)?;
    for section in &receipt.sections {
        flow.section(&section.heading, &section.rows);
    }
    flow.end(receipt);
    flow.feet(receipt);
    Ok(Layout { pages: flow.pages, nodes: flow.nodes })
}

/// Fills pages from top to bottom.
struct Flow<'a> {
    face: &'a Face,
    pages: Vec<Vec<Placed>>,
    nodes: Vec<Node>,
    /// The upper edge of what comes next.
    y: f32,
}

impl Flow<'_> {
    fn node(&mut self, kind: Kind, parent: Option<NodeId>) -> NodeId {
        self.nodes.push(Node { kind, parent });
        self.nodes.len() - 1
    }
    fn place(&mut self, x: f32, y: f32, what: What, node: Option<NodeId>) {
        if let Some(page) = self.pages.last_mut() {
            page.push(Placed { x, y, what, node });
        }
    }
    /// Sees to it that so much fits, on a new page if need be.
    fn room(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > TOP {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }
    /// A line whose upper edge is at `y`.
    fn line(&mut self, x: f32, y: f32, line: Line, style: Style, node: NodeId) {
        let what = What::Text { line, size: style.size, shade: style.shade };
        self.place(x, y + style.baseline(), what, Some(node));
    }
    /// One line that ends at the right margin.
    fn line_to_right(&mut self, y: f32, text: &str, style: Style, node: NodeId) {
        let line = self.face.line(text);
        let x = RIGHT - line.width * style.size;
        self.line(x, y, line, style, node);
    }
    /// A text in lines from `x` to the right margin; how high they are.
    fn text(&mut self, x: f32, y: f32, text: &str, style: Style, node: NodeId) -> f32 {
        let mut below = y;
        for line in self.face.lines(text, (RIGHT - x) / style.size) {
            self.line(x, below, line, style, node);
            below += style.line_height();
        }
        below - y
    }
    fn height(&self, text: &str, width: f32, style: Style) -> f32 {
        let lines = self.face.lines(text, width / style.size).len();
        lines as f32 * style.line_height()
    }
    fn rule(&mut self) {
        self.place(LEFT, self.y, What::Box { width: RIGHT - LEFT, height: 0.6, shade: HAIR }, None);
    }

    fn head(&mut self, receipt: &ReceiptDocument) {
        let issuer = self.node(Kind::Paragraph, None);
        self.y += self.text(LEFT, self.y, &receipt.issuer, ISSUER, issuer) + 4.0;
        let title = self.node(Kind::Title, None);
        let line = self.face.line(&receipt.title);
        self.line(LEFT, self.y, line, TITLE, title);
        let number = self.node(Kind::Paragraph, None);
        self.line_to_right(self.y, &receipt.number, NUMBER, number);
        let issued = self.node(Kind::Paragraph, None);
        self.line_to_right(self.y + NUMBER.line_height(), &receipt.issued, SMALL, issued);
        self.y += TITLE.line_height() + 10.0;
    }

    /// The amount, and the code beside it.
    fn amount(&mut self, receipt: &ReceiptDocument) -> Result<(), DocumentError> {
        const INSET: f32 = 14.0;
        let beside = if receipt.check.is_some() { CODE_SIDE + CODE_GAP } else { 0.0 };
        let (width, words) = (RIGHT - LEFT - beside, receipt.amount_in_words.as_deref());
        let words = words.map_or_else(Vec::new, |words| self.face.lines(words, (width - 2.0 * INSET) / WORDS.size));
        let inner = SMALL.line_height() + AMOUNT.line_height() + words.len() as f32 * WORDS.line_height();
        let height = (inner + 16.0).max(if receipt.check.is_some() { CODE_SIDE } else { 0.0 });
        self.place(LEFT, self.y, What::Box { width, height, shade: TINT }, None);
        let (x, mut y) = (LEFT + INSET, self.y + (height - inner) / 2.0);
        let node = self.node(Kind::Paragraph, None);
        self.line(x, y, self.face.line(&receipt.amount.label), SMALL, node);
        y += SMALL.line_height();
        self.line(x, y, self.face.line(&receipt.amount.value), AMOUNT, node);
        y += AMOUNT.line_height();
        let node = self.node(Kind::Paragraph, None);
        for line in words {
            self.line(x, y, line, WORDS, node);
            y += WORDS.line_height();
        }
        if let Some(check) = &receipt.check {
            let code = code(&check.link).ok_or(DocumentError::LinkTooLong(check.link.len()))?;
            let figure = self.node(Kind::Figure(check.described.clone()), None);
            self.place(RIGHT - CODE_SIDE, self.y, What::Code { code, side: CODE_SIDE }, Some(figure));
        }
        self.y += height + 8.0;
        Ok(())
    }

    fn row_height(&self, row: &Row) -> f32 {
        let label = self.height(&row.label, VALUES - LEFT - 10.0, LABEL);
        label.max(self.height(&row.value, RIGHT - VALUES, VALUE))
    }

    /// A heading never stands alone at the foot of a page.
    fn section(&mut self, heading: &str, rows: &[Row]) {
        if rows.is_empty() {
            return;
        }
        let first = rows.first().map_or(0.0, |row| self.row_height(row));
        self.room(HEADING.line_height() + 14.0 + first);
        self.heading(heading);
        let table = self.node(Kind::Table, None);
        for row in rows {
            let height = self.row_height(row);
            self.room(height);
            let node = self.node(Kind::Row, Some(table));
            let (label, value) = (self.node(Kind::Label, Some(node)), self.node(Kind::Value, Some(node)));
            let mut y = self.y;
            for line in self.face.lines(&row.label, (VALUES - LEFT - 10.0) / LABEL.size) {
                self.line(LEFT, y, line, LABEL, label);
                y += LABEL.line_height();
            }
            self.text(VALUES, self.y, &row.value, VALUE, value);
            self.y += height;
        }
        self.y += 3.0;
    }

    fn heading(&mut self, heading: &str) {
        self.y += 5.0;
        self.rule();
        self.y += 5.0;
        let node = self.node(Kind::Heading, None);
        self.y += self.text(LEFT, self.y, heading, HEADING, node) + 1.0;
    }

    /// How it is checked, and notes.
    fn end(&mut self, receipt: &ReceiptDocument) {
        let check = receipt.check.as_ref().map_or(0.0, |check| self.check_height(check));
        let notes: f32 = receipt.notes.iter().map(|note| self.height(note, RIGHT - LEFT, SMALL)).sum();
        self.room(check + notes + 11.0);
        self.y += 5.0;
        self.rule();
        self.y += 6.0;
        for note in &receipt.notes {
            let node = self.node(Kind::Paragraph, None);
            self.y += self.text(LEFT, self.y, note, SMALL, node);
        }
        if let Some(check) = &receipt.check {
            self.check(check);
        }
    }

    fn check_height(&self, check: &Check) -> f32 {
        self.height(&check.text, RIGHT - LEFT, SMALL) + self.height(&check.link, RIGHT - LEFT, ADDRESS)
    }

    fn check(&mut self, check: &Check) {
        let text = self.node(Kind::Paragraph, None);
        self.y += self.text(LEFT, self.y, &check.text, SMALL, text);
        let paragraph = self.node(Kind::Paragraph, None);
        let link = self.node(Kind::Link, Some(paragraph));
        let height = self.text(LEFT, self.y, &check.link, ADDRESS, link);
        let what = What::Link { width: RIGHT - LEFT, height, address: check.link.clone() };
        self.place(LEFT, self.y, what, Some(link));
        self.y += height;
    }

    /// At the foot of every page: whose it is, and which page of how many.
    fn feet(&mut self, receipt: &ReceiptDocument) {
        let (face, count) = (self.face, self.pages.len());
        let y = PAGE.1 - 36.0;
        for (place, page) in self.pages.iter_mut().enumerate() {
            let text = |line: Line| What::Text { line, size: SMALL.size, shade: SMALL.shade };
            let left = face.line(&format!("{} · {} {}", receipt.issuer, receipt.title, receipt.number));
            let right = face.line(&format!("{} / {count}", place + 1));
            let x = RIGHT - right.width * SMALL.size;
            page.push(Placed { x: LEFT, y, what: text(left), node: None });
            page.push(Placed { x, y, what: text(right), node: None });
        }
    }
}
