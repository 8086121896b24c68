//! Pages of placed things as a PDF file.

use crate::code::Code;
use crate::face::Face;
use crate::layout::{Kind, Layout, Node, NodeId, PAGE, Placed, What};
use crate::{DocumentError, ReceiptDocument};
use jiff::civil::DateTime;
use krilla::action::{Action, LinkAction};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::luma;
use krilla::configure::{Configuration, Validator};
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::{self, Metadata};
use krilla::num::NormalizedF32;
use krilla::page::{Page, PageSettings};
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
};
use krilla::{Document, SerializeSettings};
use std::num::NonZeroU16;

/// Paints all pages.
pub(crate) fn paint(receipt: &ReceiptDocument, face: &Face, layout: &Layout) -> Result<Vec<u8>, DocumentError> {
    let settings = SerializeSettings {
        configuration: Configuration::new_with_validator(Validator::A2_A),
        ..SerializeSettings::default()
    };
    let mut document = Document::new_with(settings);
    let mut leaves: Vec<Vec<Identifier>> = layout.nodes.iter().map(|_| Vec::new()).collect();
    for placed in &layout.pages {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).unwrap_or_default();
        let mut page = document.start_page_with(settings);
        paint_page(&mut page, face, placed, &mut leaves);
        page.finish();
    }
    let mut tree = TagTree::new().with_lang(Some(receipt.language.clone()));
    for (id, _) in layout.nodes.iter().enumerate().filter(|(_, node)| node.parent.is_none()) {
        tree.push(group(id, &layout.nodes, &mut leaves));
    }
    document.set_tag_tree(tree);
    document.set_metadata(about(receipt));
    document.finish().map_err(|error| DocumentError::NotArchivable(format!("{error:?}")))
}

/// Paints what is on a page, and notes what belongs to which part of the structure.
fn paint_page(page: &mut Page<'_>, face: &Face, placed: &[Placed], leaves: &mut [Vec<Identifier>]) {
    let mut surface = page.surface();
    for one in placed {
        let tag = match (one.node, &one.what) {
            (_, What::Link { .. }) => continue,
            (Some(_), What::Text { .. }) => ContentTag::Span(SpanTag::empty()),
            (Some(_), _) => ContentTag::Other,
            (None, What::Text { .. }) => ContentTag::Artifact(ArtifactType::Footer),
            (None, _) => ContentTag::Artifact(ArtifactType::Other),
        };
        let identifier = surface.start_tagged(tag);
        draw(&mut surface, face, one);
        surface.end_tagged();
        if let Some(leaves) = one.node.and_then(|node| leaves.get_mut(node)) {
            leaves.push(identifier);
        }
    }
    surface.finish();
    for one in placed {
        let What::Link { width, height, address } = &one.what else { continue };
        let Some(rect) = Rect::from_xywh(one.x, one.y, *width, *height) else { continue };
        let target = Target::Action(Action::Link(LinkAction::new(address.clone())));
        let annotation = Annotation::new_link(LinkAnnotation::new(rect, target), Some(address.clone()));
        let identifier = page.add_tagged_annotation(annotation);
        if let Some(leaves) = one.node.and_then(|node| leaves.get_mut(node)) {
            leaves.insert(0, identifier);
        }
    }
}

fn draw(surface: &mut Surface<'_>, face: &Face, placed: &Placed) {
    match &placed.what {
        What::Text { line, size, shade } => {
            surface.set_fill(Some(fill(*shade)));
            let start = Point::from_xy(placed.x, placed.y);
            surface.draw_glyphs(start, &line.glyphs, face.font.clone(), &line.text, *size, false);
        }
        What::Box { width, height, shade } => {
            surface.set_fill(Some(fill(*shade)));
            let rect = Rect::from_xywh(placed.x, placed.y, *width, *height);
            if let Some(path) = rect.and_then(|rect| path([rect])) {
                surface.draw_path(&path);
            }
        }
        What::Code { code, side } => {
            surface.set_fill(Some(fill(0)));
            if let Some(path) = path(modules(code, placed, *side)) {
                surface.draw_path(&path);
            }
        }
        What::Link { .. } => {}
    }
}

fn modules(code: &Code, placed: &Placed, side: f32) -> impl Iterator<Item = Rect> {
    let module = side / code.side as f32;
    code.runs.iter().filter_map(move |(column, row, length)| {
        let (x, y) = (placed.x + *column as f32 * module, placed.y + *row as f32 * module);
        Rect::from_xywh(x, y, *length as f32 * module, module)
    })
}

fn path(rects: impl IntoIterator<Item = Rect>) -> Option<Path> {
    let mut builder = PathBuilder::new();
    rects.into_iter().for_each(|rect| builder.push_rect(rect));
    builder.finish()
}

fn fill(shade: u8) -> Fill {
    Fill { paint: luma::Color::new(shade).into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}

/// A part of the structure with all that is in it.
fn group(id: NodeId, nodes: &[Node], leaves: &mut [Vec<Identifier>]) -> TagGroup {
    let kind = nodes.get(id).map_or(Kind::Paragraph, |node| node.kind.clone());
    let mut group = TagGroup::new(tag(kind));
    for leaf in leaves.get_mut(id).map(std::mem::take).unwrap_or_default() {
        group.push(leaf);
    }
    for (child, _) in nodes.iter().enumerate().filter(|(_, node)| node.parent == Some(id)) {
        group.push(self::group(child, nodes, leaves));
    }
    group
}

fn tag(kind: Kind) -> TagKind {
    let heading = |level| TagKind::Hn(Tag::Hn(level, None));
    match kind {
        Kind::Title => heading(NonZeroU16::MIN),
        Kind::Heading => heading(NonZeroU16::MIN.saturating_add(1)),
        Kind::Paragraph => TagKind::P(Tag::P),
        Kind::Table => TagKind::Table(Tag::Table),
        Kind::Row => TagKind::TR(Tag::TR),
        Kind::Label => TagKind::TH(Tag::TH(TableHeaderScope::Row)),
        Kind::Value => TagKind::TD(Tag::TD),
        Kind::Figure(described) => TagKind::Figure(Tag::Figure(Some(described))),
        Kind::Link => TagKind::Link(Tag::Link),
    }
}

/// What the file says about itself.
fn about(receipt: &ReceiptDocument) -> Metadata {
    Metadata::new()
        .title(format!("{} {}", receipt.title, receipt.number))
        .language(receipt.language.clone())
        .authors(vec![receipt.issuer.clone()])
        .creator("Everline".to_owned())
        .creation_date(date(receipt.issued_at))
}

fn date(at: DateTime) -> metadata::DateTime {
    let small = |part: i8| part.unsigned_abs();
    metadata::DateTime::new(at.year().unsigned_abs())
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
}
