//! A few photographs that never were: a road, a lamp, a heap of waste, drawn by arithmetic.

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use tanggap_conversations::{NewAttachment, Scan};
use tanggap_kernel::{Fault, Result};
use tanggap_store::blobs::Blobs;

use super::chance::Chance;

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
const THUMBNAIL: u32 = 240;
/// What each picture shows: the category it suits and its name as a telephone would give it.
const SUBJECTS: [(&str, &str); 6] = [
    ("jalan-rusak", "IMG_2214.jpg"),
    ("jalan-rusak", "foto lubang jalan.jpg"),
    ("penerangan-jalan", "tiang lampu.jpg"),
    ("pohon", "IMG_0418.jpg"),
    ("sampah", "WA0017.jpg"),
    ("saluran-banjir", "banjir depan rumah.jpg"),
];

/// A picture with the category that it suits.
#[derive(Clone)]
pub(super) struct Picture {
    pub(super) category: &'static str,
    pub(super) file: NewAttachment,
}

/// Draws the pictures and keeps them.
pub(super) async fn keep(blobs: &Blobs, chance: &mut Chance) -> Result<Vec<Picture>> {
    let mut kept = Vec::new();
    for (category, name) in SUBJECTS {
        let drawn = DynamicImage::ImageRgb8(draw(category, chance));
        let (large, small) = (encode(&drawn)?, encode(&drawn.thumbnail(THUMBNAIL, THUMBNAIL))?);
        let size = i64::try_from(large.len()).unwrap_or(0);
        let file = NewAttachment {
            name: name.to_owned(),
            media_type: "image/jpeg".to_owned(),
            size,
            blob: blobs.put(large).await?,
            thumbnail: Some(blobs.put(small).await?),
            scan: Scan::Unscanned,
        };
        kept.push(Picture { category, file });
    }
    Ok(kept)
}

fn encode(picture: &DynamicImage) -> Result<Bytes> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Jpeg)
        .map_err(|e| Fault::new(format!("drawing: {e}")))?;
    Ok(bytes.into_inner().into())
}

/// Sky, ground and, in the middle of it, what the report is about.
fn draw(category: &str, chance: &mut Chance) -> RgbImage {
    let (sky, ground, thing): ([u8; 3], [u8; 3], [u8; 3]) = match category {
        "penerangan-jalan" => ([18, 22, 44], [30, 30, 34], [70, 72, 80]),
        "pohon" => ([168, 200, 226], [120, 140, 92], [44, 92, 48]),
        "sampah" => ([196, 206, 212], [150, 138, 120], [96, 84, 62]),
        "saluran-banjir" => ([150, 160, 168], [122, 112, 96], [128, 108, 78]),
        _ => ([176, 206, 232], [112, 110, 108], [52, 48, 44]),
    };
    let (middle, wide, high) = match category {
        "penerangan-jalan" => ((430.0, 200.0), 9.0, 190.0),
        "pohon" => ((300.0, 190.0), 150.0, 120.0),
        "saluran-banjir" => ((320.0, 420.0), 420.0, 120.0),
        _ => ((320.0 + chance.unit() * 90.0, 370.0), 130.0, 46.0),
    };
    let horizon = 210 + chance.below(40) as u32;
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let (dx, dy) = ((f64::from(x) - middle.0) / wide, (f64::from(y) - middle.1) / high);
        let wobble = ((f64::from(x) / 23.0).sin() + (f64::from(y) / 17.0).cos()) * 0.08;
        let base = match () {
            () if dx * dx + dy * dy < 1.0 + wobble => thing,
            () if y < horizon => sky,
            () => ground,
        };
        let grain = chance.below(17) as i32 - 8 - (y as i32 - 240).abs() / 24;
        Rgb(base.map(|channel| (i32::from(channel) + grain).clamp(0, 255) as u8))
    })
}
