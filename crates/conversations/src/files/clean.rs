//! Takes out of a picture what is not the picture, without packing it anew: EXIF, XMP, comments,
//! pictures hidden behind the end. What does not have the shape of its format is given up.

use bytes::{BufMut, Bytes, BytesMut};
use image::ImageFormat;

/// The picture without its metadata; `None` where it is not whole.
pub(super) fn strip(bytes: &Bytes, format: ImageFormat) -> Option<Bytes> {
    match format {
        ImageFormat::Jpeg => jpeg(bytes),
        ImageFormat::Png => png(bytes),
        ImageFormat::WebP => webp(bytes),
        _ => None,
    }
}

/// Keeps of the segments those that are needed to show it: JFIF, the colour profile (APP2 with
/// its mark), Adobe's colour transform; ends at the end marker.
fn jpeg(bytes: &[u8]) -> Option<Bytes> {
    let mut out = BytesMut::with_capacity(bytes.len());
    out.put_slice(bytes.get(..2)?);
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            0xff => at += 1,
            0xd9 => {
                out.put_slice(&[0xff, 0xd9]);
                return Some(out.freeze());
            }
            0x01 | 0xd0..=0xd7 => {
                out.put_slice(&bytes[at..at + 2]);
                at += 2;
            }
            _ => {
                let length =
                    usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
                let segment = bytes.get(at..at + 2 + length.max(2))?;
                let body = segment.get(4..).unwrap_or_default();
                let kept = match marker {
                    0xe0 | 0xee => true,
                    0xe2 => body.starts_with(b"ICC_PROFILE\0"),
                    0xe1..=0xef | 0xfe => false,
                    _ => true,
                };
                if kept {
                    out.put_slice(segment);
                }
                at += segment.len();
                if marker == 0xda {
                    let end = at + scan_length(&bytes[at..]);
                    out.put_slice(&bytes[at..end]);
                    at = end;
                }
            }
        }
    }
}

/// How many bytes the packed picture has before the next marker that is not part of it.
fn scan_length(bytes: &[u8]) -> usize {
    let ends = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff | 0xd0..=0xd7);
    bytes.windows(2).position(ends).unwrap_or(bytes.len())
}

/// Keeps the chunks that are needed to show it; ends at `IEND`.
fn png(bytes: &[u8]) -> Option<Bytes> {
    const SHOWN: [&[u8]; 14] = [
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT",
        b"bKGD", b"acTL", b"fcTL", b"fdAT",
    ];
    let mut out = BytesMut::with_capacity(bytes.len());
    out.put_slice(bytes.get(..8)?);
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
        let kind = bytes.get(at + 4..at + 8)?;
        let end = at.checked_add(12)?.checked_add(usize::try_from(length).ok()?)?;
        let chunk = bytes.get(at..end)?;
        if SHOWN.contains(&kind) {
            out.put_slice(chunk);
        }
        if kind == b"IEND" {
            return Some(out.freeze());
        }
        at = end;
    }
}

/// Drops the chunks `EXIF` and `XMP `, and says in the header that there are none.
fn webp(bytes: &[u8]) -> Option<Bytes> {
    const EXIF_AND_XMP: u8 = 0b0000_1100;
    let size = usize::try_from(u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?)).ok()?;
    let whole = bytes.get(..size.checked_add(8)?)?;
    let mut body = BytesMut::with_capacity(whole.len());
    let mut at = 12;
    while at + 8 <= whole.len() {
        let length = u32::from_le_bytes(whole.get(at + 4..at + 8)?.try_into().ok()?);
        let length = usize::try_from(length).ok()?;
        let end = at.checked_add(8)?.checked_add(length)?.checked_add(length % 2)?;
        let chunk = whole.get(at..end.min(whole.len()))?;
        match &chunk[..4] {
            b"EXIF" | b"XMP " => {}
            b"VP8X" => {
                let from = body.len();
                body.put_slice(chunk);
                *body.get_mut(from + 8)? &= !EXIF_AND_XMP;
            }
            _ => body.put_slice(chunk),
        }
        at = end;
    }
    let mut out = BytesMut::with_capacity(body.len() + 12);
    out.put_slice(b"RIFF");
    out.put_u32_le(u32::try_from(body.len() + 4).ok()?);
    out.put_slice(b"WEBP");
    out.put_slice(&body);
    Some(out.freeze())
}
