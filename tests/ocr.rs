//! Pictures that the real tesseract reads: what is printed in them is found,
//! and what it cannot make out stays a gap.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use sluse::{
    base::limits::Limits,
    model::{Extraction, GapKind, Kind, Raw, Surface},
    worker::{OcrSettings, Settings, Workers},
};

/// Files, what must be read in them, and where.
const PRINTED: &[(&str, &str, &str)] = &[
    ("f04_scan.pdf", "248308 90994", "f04_scan.pdf > page 1 > ocr"),
    ("f05_scan_rotated.pdf", "038883 40628", "f05_scan_rotated.pdf > page 1 > ocr"),
    ("i01_screenshot.png", "08876712300", "i01_screenshot.png > ocr"),
    ("i02_photo.jpg", "258463 34842", "i02_photo.jpg > ocr"),
    ("i03_fax.tif", "038883 40628", "i03_fax.tif > ocr"),
    ("i04_receipt.png", "249,00", "i04_receipt.png > ocr"),
    ("opaque.png", "08876712300", "opaque.png > ocr"),
    ("picture.docx", "08876712300", "picture.docx > word/media/image1.png > ocr"),
    ("two-pages.tif", "08876712300", "two-pages.tif > ocr"),
    // On white nobody sees it; where the ground is dark, everybody does.
    ("white-on-transparent.png", "08876712300", "white-on-transparent.png > ocr"),
];

#[tokio::test]
async fn what_is_printed_in_a_picture_is_read() {
    let pool = pool(OcrSettings::switched_on());
    for (name, text, place) in PRINTED {
        let read = read(&pool, name).await;
        assert_eq!(read.gaps, [], "{name}");
        let found = read.fragments.iter().find(|fragment| fragment.text.contains(text));
        let found = found.unwrap_or_else(|| panic!("{name}: no {text}"));
        assert_eq!((found.surface, found.path.to_string().as_str()), (Surface::FileText, *place));
    }
    pool.stop().await;
}

#[tokio::test]
async fn a_picture_is_a_gap_unless_reading_is_switched_on() {
    let pool = pool(OcrSettings::default());
    for (name, _, place) in PRINTED {
        let read = read(&pool, name).await;
        let [gap] = &read.gaps[..] else { panic!("{name}: {:?}", read.gaps) };
        assert_eq!(gap.kind, GapKind::Unknown);
        assert_eq!(format!("{} > ocr", gap.path), *place);
    }
    pool.stop().await;
}

#[tokio::test]
async fn letters_on_their_side_stay_a_gap_and_a_landscape_does_not() {
    let pool = pool(OcrSettings::switched_on());
    let gaps = read(&pool, "on-its-side.png").await.gaps;
    assert_eq!(gaps.into_iter().map(|gap| gap.kind).collect::<Vec<_>>(), [GapKind::Unknown]);
    assert_eq!(read(&pool, "hills.png").await.gaps, []);
    pool.stop().await;
}

#[tokio::test]
async fn what_lies_over_a_limit_is_too_big() {
    let few = OcrSettings { ocr_pictures: 1, ..OcrSettings::switched_on() };
    let small = OcrSettings { ocr_pixels: 900 * 400 - 1, ..OcrSettings::switched_on() };
    // Transparent pictures are two: on white and on black.
    for (settings, name) in [(few, "white-on-transparent.png"), (small, "i01_screenshot.png")] {
        let pool = pool(settings);
        let gaps = read(&pool, name).await.gaps;
        assert_eq!(gaps.into_iter().map(|gap| gap.kind).collect::<Vec<_>>(), [GapKind::TooBig]);
        pool.stop().await;
    }
}

#[tokio::test]
async fn a_damaged_picture_and_a_missing_program_leave_the_gap() {
    let whole = fs::read(folder().join("i01_screenshot.png")).unwrap();
    let mut holes = whole.clone();
    let middle = holes.len() / 2;
    holes[middle..middle + 40].fill(0);
    let bytes: Raw = holes.into();
    let sound = pool(OcrSettings::switched_on());
    let read = sound.read(Kind::File, "a.png", &bytes).await.unwrap();
    assert!(!read.gaps.is_empty());
    sound.stop().await;

    let missing = OcrSettings {
        ocr_program: "/usr/bin/no-such-program".into(),
        ..OcrSettings::switched_on()
    };
    let pool = pool(missing);
    let read = pool.read(Kind::File, "a.png", &whole.into()).await.unwrap();
    assert_eq!(read.gaps[0].kind, GapKind::Unknown);
    pool.stop().await;
}

fn pool(ocr: OcrSettings) -> Workers {
    let program = env!("CARGO_BIN_EXE_sluse").into();
    let limits = Limits { seconds: 60, ..Limits::default() };
    // Nothing here is about time.
    let ocr = OcrSettings { ocr_seconds: 60, ocr_message_seconds: 120, ..ocr };
    Workers::new(program, Settings::default(), limits).with_ocr(ocr)
}

async fn read(pool: &Workers, name: &str) -> Extraction {
    let bytes: Raw = fs::read(folder().join(name)).unwrap().into();
    pool.read(Kind::File, name, &bytes).await.unwrap()
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ocr")
}
