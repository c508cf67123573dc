//! Text that looks like reports to an index: common words, and one rare word here and there.

/// A small generator of numbers; the same seed gives the same database.
pub struct Dice(u64);

impl Dice {
    /// A generator from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }

    /// One of a list.
    pub fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let at = self.below(list.len() as u64);
        list[usize::try_from(at).unwrap_or(0)]
    }
}

const WORDS: &[&str] = &[
    "jalan",
    "lubang",
    "rusak",
    "depan",
    "rumah",
    "warga",
    "sudah",
    "lama",
    "belum",
    "lampu",
    "mati",
    "gelap",
    "malam",
    "pohon",
    "tumbang",
    "sampah",
    "bau",
    "selokan",
    "banjir",
    "hujan",
    "air",
    "keruh",
    "pipa",
    "bocor",
    "petugas",
    "loket",
    "antre",
    "lambat",
    "surat",
    "kartu",
    "keluarga",
    "akta",
    "anak",
    "sekolah",
    "guru",
    "bantuan",
    "sosial",
    "data",
    "dokter",
    "obat",
    "puskesmas",
    "parkir",
    "motor",
    "angkot",
    "macet",
    "pasar",
    "pedagang",
    "izin",
    "usaha",
    "pajak",
    "telepon",
    "janji",
    "tolong",
    "mohon",
    "segera",
    "perbaiki",
    "terima",
    "kasih",
    "kecamatan",
    "desa",
    "kampung",
    "gang",
    "simpang",
    "jembatan",
    "trotoar",
    "taman",
    "tiang",
    "kabel",
    "pagar",
    "tembok",
    "parit",
    "sungai",
    "kali",
    "sawah",
    "kebun",
    "ternak",
    "asap",
];

const RARE: &[&str] = &[
    "trafo",
    "longsor",
    "rabies",
    "demam",
    "limbah",
    "bendungan",
    "gorong",
    "galian",
    "terminal",
    "pelabuhan",
    "penyeberangan",
    "difabel",
    "stunting",
    "posyandu",
    "kremasi",
    "perahu",
];

/// A text of about `count` words. Every hundredth or so holds a rare word, and one in some
/// thousands the word made of `n` alone.
pub fn text(dice: &mut Dice, count: u64, n: i64) -> String {
    let mut text = String::new();
    for _ in 0..count {
        text.push_str(dice.pick(WORDS));
        text.push(' ');
    }
    if dice.below(100) == 0 {
        text.push_str(dice.pick(RARE));
        text.push(' ');
    }
    if n % 5_000 == 0 {
        text.push_str(&rare_word(n / 5_000));
    }
    text.trim_end().to_owned()
}

/// A word that stands in one case out of 5,000.
pub fn rare_word(which: i64) -> String {
    let letters = b"bcdfghjklmnprstw";
    let mut rest = which;
    let mut word = String::from("zu");
    for _ in 0..4 {
        let at = usize::try_from(rest % 16).unwrap_or(0);
        word.push(char::from(letters[at]));
        word.push('o');
        rest /= 16;
    }
    word
}
