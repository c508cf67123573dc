//! Blanks in a HEIF photo (HEIC of telephones, AVIF) everything that is not the picture: EXIF,
//! XMP, descriptions, and whatever else lies in the file without belonging to a picture.
//!
//! The container (ISO/IEC 14496-12, 23008-12) is a tree of boxes: `meta` names the items, their
//! types and where their bytes lie, mostly in `mdat`. What is known to be needed is listed, the
//! rest is overwritten with zeros in its place, so no offset moves and nothing is packed anew.
//!
//! Invariant: what comes out has the length of what came in, and holds bytes of the media only
//! where a picture item points. What cannot be read through to its end is given up, never guessed.

use std::ops::Range;

use bytes::Bytes;

/// Items that are pictures or are put together from pictures.
const PICTURES: [&[u8; 4]; 13] = [
    b"hvc1", b"hvt1", b"lhv1", b"av01", b"avc1", b"vvc1", b"jpeg", b"j2k1", b"unci", b"grid",
    b"iovl", b"iden", b"tmap",
];

/// Boxes of `meta` that are kept whole. Of `iprp` the parts are chosen, of `idat` the extents.
const META: [&[u8; 4]; 7] = [b"hdlr", b"pitm", b"iinf", b"iloc", b"iref", b"dinf", b"grpl"];

/// Properties by which a picture is unpacked, turned and coloured. When it was taken (`crtt`),
/// what somebody wrote about it (`udes`, `altt`) and what is unknown is not among them.
const PROPERTIES: [&[u8; 4]; 25] = [
    b"ispe", b"pixi", b"colr", b"pasp", b"clap", b"irot", b"imir", b"auxC", b"hvcC", b"lhvC",
    b"av1C", b"avcC", b"vvcC", b"jpgC", b"j2kH", b"rloc", b"lsel", b"clli", b"mdcv", b"cclv",
    b"amve", b"reve", b"a1op", b"a1lx", b"oinf",
];

/// The photo without its metadata; `None` where it is no photo that can be read through, as with
/// moving pictures, which carry metadata of other kinds.
pub(super) fn blank(bytes: &Bytes) -> Option<Bytes> {
    let file = Reader { bytes, at: 0, end: bytes.len() };
    let mut kept: Vec<Range<usize>> = Vec::new();
    let mut meta = None;
    for part in file.boxes()? {
        kept.push(part.head());
        match &part.kind {
            b"ftyp" => kept.push(part.body.clone()),
            b"meta" if meta.is_none() => meta = Some(part),
            b"meta" | b"moov" | b"moof" => return None,
            _ => {}
        }
    }
    keep_meta(&file.within(&meta?.body), &mut kept)?;
    // Honest parts hardly overlap; many that do would only make work.
    let copied: usize = kept.iter().map(ExactSizeIterator::len).sum();
    if copied / 2 > bytes.len() {
        return None;
    }
    let mut out = vec![0; bytes.len()];
    for range in kept {
        out.get_mut(range.clone())?.copy_from_slice(bytes.get(range)?);
    }
    Some(out.into())
}

fn keep_meta(meta: &Reader<'_>, kept: &mut Vec<Range<usize>>) -> Option<()> {
    let mut inside = meta.clone();
    kept.push(inside.at..inside.at + 4);
    inside.skip(4)?;
    let (mut infos, mut places, mut data) = (None, None, None);
    for part in inside.boxes()? {
        kept.push(part.head());
        match &part.kind {
            b"iinf" => infos = Some(part.body.clone()),
            b"iloc" => places = Some(part.body.clone()),
            b"idat" => data = Some(part.body.clone()),
            b"iprp" => keep_properties(&meta.within(&part.body), kept)?,
            _ => {}
        }
        if META.contains(&&part.kind) {
            kept.push(part.body);
        }
    }
    let pictures = pictures(&meta.within(&infos?))?;
    let before = kept.len();
    keep_extents(meta.within(&places?), data, &pictures, kept)?;
    (kept.len() > before).then_some(())
}

fn keep_properties(iprp: &Reader<'_>, kept: &mut Vec<Range<usize>>) -> Option<()> {
    for part in iprp.boxes()? {
        kept.push(part.head());
        match &part.kind {
            b"ipma" => kept.push(part.body),
            b"ipco" => {
                for property in iprp.within(&part.body).boxes()? {
                    kept.push(property.head());
                    if PROPERTIES.contains(&&property.kind) {
                        kept.push(property.body);
                    }
                }
            }
            _ => {}
        }
    }
    Some(())
}

/// The numbers of the items that are pictures, in order.
fn pictures(iinf: &Reader<'_>) -> Option<Vec<u32>> {
    let mut inside = iinf.clone();
    let version = inside.version()?;
    inside.number(if version == 0 { 2 } else { 4 })?;
    let mut found = Vec::new();
    for part in inside.boxes()? {
        let mut info = iinf.within(&part.body);
        let wide = match (&part.kind, info.version()?) {
            (b"infe", 2) => false,
            (b"infe", 3) => true,
            // Older entries do not tell the type of their item.
            _ => return None,
        };
        let item = info.number(if wide { 4 } else { 2 })?;
        info.skip(2)?;
        if PICTURES.iter().any(|kind| info.rest().starts_with(*kind)) {
            found.push(u32::try_from(item).ok()?);
        }
    }
    found.sort_unstable();
    Some(found)
}

/// Where the bytes of the pictures lie; `data` is the body of `idat`.
fn keep_extents(
    mut iloc: Reader<'_>,
    data: Option<Range<usize>>,
    pictures: &[u32],
    kept: &mut Vec<Range<usize>>,
) -> Option<()> {
    let version = iloc.version().filter(|version| *version <= 2)?;
    let sizes = iloc.number(2)?;
    let size = |shift: u32| usize::try_from(sizes >> shift & 0xf).ok();
    let (offset_size, length_size, base_size) = (size(12)?, size(8)?, size(4)?);
    let index_size = if version == 0 { 0 } else { size(0)? };
    // An extent without a length is all the rest of the file; it also costs no bytes to repeat.
    if length_size == 0 {
        return None;
    }
    let items = iloc.number(if version == 2 { 4 } else { 2 })?;
    for _ in 0..items {
        let item = u32::try_from(iloc.number(if version == 2 { 4 } else { 2 })?).ok()?;
        let method = if version == 0 { 0 } else { iloc.number(2)? & 0xf };
        let elsewhere = iloc.number(2)? != 0;
        let base = iloc.number(base_size)?;
        let extents = iloc.number(2)?;
        let shown = pictures.binary_search(&item).is_ok();
        let room = match (method, &data) {
            (0, _) => 0..iloc.bytes.len(),
            (1, Some(data)) => data.clone(),
            _ if shown => return None,
            _ => 0..0,
        };
        if shown && elsewhere {
            return None;
        }
        for _ in 0..extents {
            iloc.skip(index_size)?;
            let offset = base.checked_add(iloc.number(offset_size)?)?;
            let length = usize::try_from(iloc.number(length_size)?).ok()?;
            if shown {
                let start = room.start.checked_add(usize::try_from(offset).ok()?)?;
                let end = start.checked_add(length).filter(|end| *end <= room.end)?;
                kept.push(start..end);
            }
        }
    }
    Some(())
}

/// A box: its kind, and where it and its content lie in the file.
struct Part {
    kind: [u8; 4],
    start: usize,
    body: Range<usize>,
}

impl Part {
    fn head(&self) -> Range<usize> {
        self.start..self.body.start
    }
}

/// Reads big-endian numbers and boxes in a part of the file, never beyond it.
#[derive(Clone)]
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    fn within(&self, range: &Range<usize>) -> Self {
        Self { bytes: self.bytes, at: range.start, end: range.end }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..self.end).unwrap_or_default()
    }

    fn skip(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.rest().get(..length)?;
        self.at += length;
        Some(taken)
    }

    /// A number of up to eight bytes.
    fn number(&mut self, length: usize) -> Option<u64> {
        let taken = self.skip(length).filter(|_| length <= 8)?;
        Some(taken.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The version of a full box; its flags are passed over.
    fn version(&mut self) -> Option<u64> {
        self.number(4).map(|word| word >> 24)
    }

    /// The boxes from here to the end, which they must fill exactly.
    fn boxes(&self) -> Option<Vec<Part>> {
        let mut reader = self.clone();
        let mut parts = Vec::new();
        while reader.at < reader.end {
            let start = reader.at;
            let size = reader.number(4)?;
            let kind = reader.skip(4)?.try_into().ok()?;
            let size = match size {
                0 => reader.end - start,
                1 => usize::try_from(reader.number(8)?).ok()?,
                size => usize::try_from(size).ok()?,
            };
            let end = start.checked_add(size).filter(|end| *end <= reader.end)?;
            let body = (reader.at <= end).then_some(reader.at..end)?;
            reader.at = end;
            parts.push(Part { kind, start, body });
        }
        Some(parts)
    }
}

#[cfg(test)]
mod tests;
