//! Draws a layout as PDF and builds the tree that screen readers follow.

use std::num::NonZeroU16;

use krilla::color::luma;
use krilla::configure::{Accessibility, ConfigurationBuilder, PdfVersion};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{Metadata, TextDirection as Reading};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup,
    TagKind, TagTree,
};
use krilla::text::{Font, TextDirection};
use krilla::{Document, SerializeSettings};

use crate::font::Weight;
use crate::layout::{Item, Layout, PAGE_HEIGHT, PAGE_WIDTH, Part, Shape};
use crate::letter::{Letter, PdfError};
use crate::qr::Run;

/// Dark runs of a QR code and its width in modules.
type Code = (Vec<Run>, usize);

/// The fonts as krilla knows them.
struct Fonts {
    regular: Font,
    bold: Font,
}

/// The PDF of a layout; `strict` checks it against PDF/UA-1.
pub(crate) fn write(
    letter: &Letter,
    layout: &Layout,
    code: Option<&Code>,
    strict: bool,
) -> Result<Vec<u8>, PdfError> {
    let minded = |what: String| PdfError::Writer(what);
    let mut configuration = ConfigurationBuilder::new().with_version(PdfVersion::Pdf17);
    if strict {
        configuration = configuration.with_accessibility_validator(Accessibility::UA1);
    }
    let configuration = configuration.finish().map_err(|e| minded(format!("{e:?}")))?;
    let mut document = Document::new_with(SerializeSettings {
        configuration,
        enable_tagging: true,
        ..SerializeSettings::default()
    });
    let font = |weight: Weight| {
        Font::new(weight.file().into(), 0).ok_or_else(|| minded("font".to_owned()))
    };
    let fonts = Fonts { regular: font(Weight::Regular)?, bold: font(Weight::Bold)? };
    let mut read: Vec<[Vec<Identifier>; 2]> =
        layout.parts.iter().map(|_| [Vec::new(), Vec::new()]).collect();
    for items in &layout.pages {
        let settings = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT)
            .ok_or_else(|| minded("page size".to_owned()))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for item in items {
            let tag = content_tag(layout, item);
            let read_here = !matches!(tag, ContentTag::Artifact(_));
            let identifier = surface.start_tagged(tag);
            draw(&mut surface, item, &fonts, code);
            surface.end_tagged();
            if read_here {
                read[item.part][item.cell].push(identifier);
            }
        }
        surface.finish();
        page.finish();
    }
    describe(&mut document, letter);
    document.set_tag_tree(tree(letter, layout, read));
    document.finish().map_err(|error| minded(format!("{error:?}")))
}

/// Title, language and outline.
fn describe(document: &mut Document, letter: &Letter) {
    let title = one_line(&letter.title);
    let mut metadata = Metadata::new().title(title.clone()).text_direction(Reading::LeftToRight);
    if !letter.language.is_empty() {
        metadata = metadata.language(letter.language.clone());
    }
    if let Some(author) = letter.head.first() {
        metadata = metadata.authors(vec![one_line(author)]);
    }
    document.set_metadata(metadata);
    let mut outline = Outline::new();
    let top = XyzDestination::new(0, Point::from_xy(0.0, 0.0));
    outline.push_child(OutlineNode::new(title, top));
    document.set_outline(outline);
}

/// A text for places that have one line; never empty, which PDF/UA would mind.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "-".to_owned() } else { line }
}

/// How an item is announced: as text, as a drawing, or not at all.
fn content_tag(layout: &Layout, item: &Item) -> ContentTag<'static> {
    match (layout.parts[item.part], &item.shape) {
        (Part::Ornament, Shape::Text { .. }) => {
            ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer))
        }
        (Part::Ornament, _) => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
        (Part::Figure, _) => ContentTag::Other,
        _ => ContentTag::Span(SpanTag::empty()),
    }
}

fn draw(surface: &mut Surface, item: &Item, fonts: &Fonts, code: Option<&Code>) {
    surface.set_fill(Some(Fill {
        paint: luma::Color::new(item.shade).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }));
    let mut path = PathBuilder::new();
    match &item.shape {
        Shape::Text { text, size, weight } => {
            let font = match weight {
                Weight::Regular => &fonts.regular,
                Weight::Bold => &fonts.bold,
            };
            let at = Point::from_xy(item.x, item.y);
            let direction = TextDirection::LeftToRight;
            surface.draw_text(at, font.clone(), *size, text, false, direction);
        }
        Shape::Rect { width, height } => {
            if let Some(rect) = Rect::from_xywh(item.x, item.y, *width, *height) {
                path.push_rect(rect);
            }
        }
        Shape::Qr { side } => {
            let Some((runs, size)) = code else { return };
            let module = side / *size as f32;
            for run in runs {
                let (x, y) = (item.x + run.x as f32 * module, item.y + run.y as f32 * module);
                if let Some(rect) = Rect::from_xywh(x, y, run.width as f32 * module, module) {
                    path.push_rect(rect);
                }
            }
        }
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

/// The parts in reading order; neighbouring rows make one table.
fn tree(letter: &Letter, layout: &Layout, read: Vec<[Vec<Identifier>; 2]>) -> TagTree {
    let language = Some(letter.language.clone()).filter(|language| !language.is_empty());
    let mut tree = TagTree::new().with_lang(language);
    let mut table: Option<TagGroup> = None;
    for (part, [first, second]) in layout.parts.iter().zip(read) {
        if first.is_empty() && second.is_empty() {
            continue;
        }
        if *part == Part::Row {
            let mut row = TagGroup::new(Tag::TR);
            row.push(group(Tag::TH(TableHeaderScope::Row), first));
            row.push(group(Tag::TD, second));
            table.get_or_insert_with(|| TagGroup::new(Tag::Table)).push(row);
            continue;
        }
        if let Some(table) = table.take() {
            tree.push(table);
        }
        match part {
            Part::Heading => {
                let title = Some(one_line(&letter.title));
                tree.push(group(Tag::Hn(NonZeroU16::MIN, title), first));
            }
            Part::Figure => {
                let alt = letter.qr.as_ref().map(|qr| one_line(&qr.alt));
                tree.push(group(Tag::Figure(alt), first));
            }
            _ => tree.push(group(Tag::P, first)),
        }
    }
    if let Some(table) = table.take() {
        tree.push(table);
    }
    tree
}

fn group(tag: impl Into<TagKind>, children: Vec<Identifier>) -> TagGroup {
    let mut group = TagGroup::new(tag);
    for child in children {
        group.push(child);
    }
    group
}
