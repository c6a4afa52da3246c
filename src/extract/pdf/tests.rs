//! Whole files, from bytes to text and gaps.

use std::{fs, io::Write, path::Path};

use crate::{
    base::limits::Limits,
    extract::read,
    model::{Extraction, Fragment, GapKind, Kind, Proof},
};

const NUMBER: &str = "22836014271";

#[test]
fn a_line_has_its_page() {
    let second = text("BT /F1 12 Tf 72 700 Td (fnr 22836014271) Tj ET");
    let file = File::new().page(text("BT /F1 12 Tf 72 700 Td (Hei) Tj ET")).page(second);
    let read = file.read();
    let found = holding(&read, NUMBER);
    assert_eq!(found.path.to_string(), "fil.pdf");
    let at = found.text.find(NUMBER).unwrap();
    let mark = found.marks.iter().rev().find(|mark| mark.start as usize <= at).unwrap();
    assert_eq!(&*mark.name, "page 2");
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
}

#[test]
fn text_is_found_however_it_is_drawn() {
    let ways: &[&str] = &[
        "BT /F1 12 Tf 72 700 Td [(228)-20(360)15(1427)(1)] TJ ET",
        "BT /F1 12 Tf 14 TL 72 700 Td (Hei) ' 2 1 (22836014271) \" ET",
        "BT /F1 12 Tf 3 Tr 72 700 Td <3232383336303134323731> Tj ET",
        "q 0 1 -1 0 300 300 cm BT /F1 12 Tf (22836014271) Tj ET Q",
        "BT /F1 12 Tf 0 1 -1 0 72 700 Tm (228360) Tj (14271) Tj ET",
        "BT /F1 12 Tf 105.4 700 Td (14271) Tj ET BT /F1 12 Tf 72 700 Td (228360) Tj ET",
        "BT /F1 0.1 Tf 1 0 0 1 72 700 Tm (22836014271) Tj ET",
        "BT /F1 -12 Tf -1 0 0 -1 72 700 Tm (22836014271) Tj ET",
        "BT /F1 12 Tf 72 700 Td (22\\070\\063601\\\n4271) Tj ET",
        "/Span << /ActualText (22836014271) >> BDC BT /F1 12 Tf (x) Tj ET EMC",
        "BI /W 1 /H 1 /BPC 8 ID \u{1}EI\u{2} EI BT /F1 12 Tf (22836014271) Tj ET",
        "/Fm Do",
    ];
    for way in ways {
        holding(&File::new().page(text(way)).read(), NUMBER);
    }
}

#[test]
fn glyph_by_glyph_is_one_number() {
    let mut content = String::new();
    for (at, digit) in NUMBER.char_indices() {
        let x = 72.0 + 6.67 * at as f64;
        content += &format!("BT /F1 12 Tf {x} 700 Td ({digit}) Tj ET\n");
    }
    holding(&File::new().page(text(&content)).read(), NUMBER);
}

#[test]
fn every_filter_is_undone() {
    let plain = b"BT /F1 12 Tf 72 700 Td (22836014271) Tj ET".to_vec();
    let hex: String = plain.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut lzw = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let up: Vec<u8> = plain.chunks(8).enumerate().fold(Vec::new(), |mut out, (row, chunk)| {
        out.push(2);
        let above = |at: usize| if row == 0 { 0 } else { plain[(row - 1) * 8 + at] };
        out.extend(chunk.iter().enumerate().map(|(at, byte)| byte.wrapping_sub(above(at))));
        out
    });
    let packed: Vec<(&str, Vec<u8>)> = vec![
        ("/Filter /FlateDecode", deflated(&plain)),
        ("/Filter [/AHx /Fl]", hex_of(&deflated(&plain))),
        ("/Filter /ASCIIHexDecode", format!("{hex}>").into_bytes()),
        ("/Filter /LZWDecode", lzw.encode(&plain).unwrap()),
        ("/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 8 >>", deflated(&up)),
    ];
    for (filter, bytes) in packed {
        let read = File::new().page(stream(filter, &bytes)).read();
        holding(&read, NUMBER);
        assert!(read.gaps.is_empty(), "{filter}: {:?}", read.gaps);
    }
}

#[test]
fn a_font_may_call_its_glyphs_anything() {
    let fonts: &[(&str, &str)] = &[
        (
            "<< /Type /Font /Subtype /Type1 /BaseFont /X /Encoding << /Differences \
             [65 /zero /one /two.lf /three /four /five /uni0036 /seven /eight] >> >>",
            "(CCIDGABECHB)",
        ),
        (
            "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H \
             /DescendantFonts [<< /Subtype /CIDFontType2 /DW 556 >>] /ToUnicode 90 0 R >>",
            "<00220022002800230026002000210024002200270021>",
        ),
        // What copying gives is not what is seen.
        (
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica \
             /Encoding /WinAnsiEncoding /ToUnicode 91 0 R >>",
            "(22836014271)",
        ),
    ];
    for (font, shown) in fonts {
        let content = text(&format!("BT /F1 12 Tf 72 700 Td {shown} Tj ET"));
        let file = File::new().font(font).page(content);
        let map = b"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0020> <0029> <0030> endbfrange";
        let lie = b"1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange <30> <39> <0061> endbfrange";
        let file = file.object(90, stream("", map)).object(91, stream("", lie));
        holding(&file.read(), NUMBER);
    }
}

#[test]
fn a_font_that_says_nothing_is_a_gap() {
    let font = "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H \
                /DescendantFonts [<< /Subtype /CIDFontType2 >>] >>";
    let content = "BT /F1 12 Tf 72 700 Td <01220122012801230126012001210124> Tj ET";
    let read = File::new().font(font).page(text(content)).read();
    assert_eq!(read.gaps[0].kind, GapKind::Unknown);
    assert_eq!(read.gaps[0].path.to_string(), "fil.pdf > page 1");
}

#[test]
fn a_map_to_nothing_hides_nothing() {
    for to in ["0020", "E000"] {
        let font = "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H \
                    /DescendantFonts [<< /Subtype /CIDFontType2 >>] /ToUnicode 90 0 R >>";
        let list = format!("<{to}>").repeat(10);
        let map = format!(
            "1 begincodespacerange <0000> <FFFF> endcodespacerange \
             1 beginbfrange <0220> <0229> [{list}] endbfrange"
        );
        let content = "BT /F1 12 Tf <02220222022802230226022002210224> Tj ET";
        let file = File::new().font(font).object(90, stream("", map.as_bytes()));
        let read = file.page(text(content)).read();
        assert_eq!(read.gaps.len(), 1, "{to}");
        assert_eq!(read.gaps[0].kind, GapKind::Unknown);
    }
}

#[test]
fn objects_may_stand_in_streams_and_positions_too() {
    let inner = "4 0 5 47 << /Type /Pages /Kids [5 0 R] /Count 1 >>      << /Type /Page /Parent 4 0 R /Contents 6 0 R /Resources << /Font << /F1 7 0 R >> >> >>";
    let first = inner.find("<<").unwrap();
    let packed = stream(
        &format!("/Type /ObjStm /N 2 /First {first} /Filter /FlateDecode"),
        &deflated(inner.as_bytes()),
    );
    let bytes = [
        &b"%PDF-1.5\n1 0 obj << /Type /Catalog /Pages 4 0 R >> endobj\n2 0 obj "[..],
        &packed,
        b" endobj\n6 0 obj ",
        &text("BT /F1 12 Tf (22836014271) Tj ET"),
        b" endobj\n7 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> endobj\n8 0 obj ",
        &stream("/Type /XRef /Root 1 0 R /Size 9 /W [1 2 1]", b"nothing"),
        b" endobj\nstartxref\n0\n%%EOF",
    ]
    .concat();
    let read = read_file(&bytes);
    holding(&read, NUMBER);
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
}

#[test]
fn everything_beside_the_pages_is_read() {
    let page = text("BT /F1 12 Tf (Hei) Tj ET");
    let beside: &[(&str, Vec<u8>)] = &[
        ("form", b"<< /FT /Tx /T (fnr) /V (22836014271) >>".to_vec()),
        (
            "notes",
            b"<< /Type /Annot /Subtype /Text /Rect [0 0 1 1] /Contents (22836014271) >>".to_vec(),
        ),
        ("bookmarks", b"<< /Title (22836014271) /Parent 80 0 R >>".to_vec()),
        ("links", b"<< /S /URI /URI (https://example.no/?p=228360%2014271) >>".to_vec()),
        ("scripts", b"<< /S /JavaScript /JS (var p = \"228360\" + \"14271\";) >>".to_vec()),
        (
            "properties",
            "<< /Author <FEFF00320032003800330036003000310034003200370031> /Producer (x) >>".into(),
        ),
        ("other strings", b"<< /Type /PageLabel /P (22836014271) >>".to_vec()),
        (
            "XMP",
            stream(
                "/Type /Metadata /Subtype /XML",
                b"<x:xmpmeta><dc:title>22836014271</dc:title></x:xmpmeta>",
            ),
        ),
        ("script or text", stream("", b"var fnr = '22836014271';")),
        ("form data", [&b"<< /XFA ["[..], b"(a) 81 0 R (b) 82 0 R] >>"].concat()),
    ];
    for (place, object) in beside {
        let file = File::new().page(page.clone()).object(80, object.clone());
        let file = file.object(81, stream("", b"<xdp><f>228360"));
        let file = file.object(82, stream("", b"14271</f></xdp>"));
        let read = file.read();
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let found = read.fragments.iter().find(|fragment| {
            fragment.path.to_string() == format!("fil.pdf > {place}")
                && digits(&fragment.text).contains(NUMBER)
        });
        assert!(found.is_some(), "{place}: {:?}", read.fragments);
    }
}

#[test]
fn an_appearance_is_part_of_its_page() {
    let annotation =
        b"<< /Type /Annot /Subtype /Stamp /Rect [72 600 272 620] /AP << /N 81 0 R >> >>";
    let shown = stream(
        "/Subtype /Form /BBox [0 0 100 10] /Resources << /Font << /F1 3 0 R >> >>",
        b"BT /F1 8 Tf 2 2 Td (22836014271) Tj ET",
    );
    let file = File::new().object(80, annotation.to_vec()).object(81, shown);
    let file = file.page_with(text("BT /F1 12 Tf (Hei) Tj ET"), "/Annots [80 0 R]");
    assert_eq!(holding(&file.read(), NUMBER).path.to_string(), "fil.pdf");
}

#[test]
fn a_note_with_formats_is_read_as_a_page() {
    let note = b"<< /Type /Annot /Subtype /FreeText /Rect [0 0 9 9]
        /RC (<body><p>fnr 228<span>36014</span>271</p></body>) >>";
    let file = File::new().object(80, note.to_vec());
    let file = file.page_with(text("BT /F1 12 Tf (Hei) Tj ET"), "/Annots [80 0 R]");
    assert_eq!(holding(&file.read(), NUMBER).path.to_string(), "fil.pdf > formatted text");
}

#[test]
fn one_field_for_each_digit_is_one_number() {
    let mut file = File::new();
    let mut annotations = String::new();
    for (at, digit) in NUMBER.char_indices() {
        let (left, right) = (72 + 18 * at, 88 + 18 * at);
        let field = format!(
            "<< /Subtype /Widget /FT /Tx /T (d{at}) /V ({digit}) /Rect [{left} 600 {right} 618] >>"
        );
        file = file.object(80 + at as u32, field.into_bytes());
        annotations += &format!("{} 0 R ", 80 + at);
    }
    let file =
        file.page_with(text("BT /F1 12 Tf (Hei) Tj ET"), &format!("/Annots [{annotations}]"));
    holding(&file.read(), NUMBER);
}

#[test]
fn what_a_later_revision_hides_is_read() {
    let mut bytes = File::new().page(text("BT /F1 12 Tf (22836014271) Tj ET")).bytes();
    bytes.extend(b"\n20 0 obj ");
    bytes.extend(text("BT /F1 12 Tf (Hei) Tj ET"));
    bytes.extend(b" endobj\n10 0 obj << /Type /Page /Parent 2 0 R /Contents 20 0 R >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n");
    let read = read_file(&bytes);
    let old = holding(&read, NUMBER);
    assert!(old.marks.iter().any(|mark| mark.name.contains("earlier revision")));
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
}

#[test]
fn what_nothing_refers_to_is_read() {
    let loose = stream("", b"BT /F1 12 Tf (22836014271) Tj ET");
    let file = File::new().page(text("BT /F1 12 Tf (Hei) Tj ET")).object(80, loose);
    holding(&file.read(), NUMBER);
    let stray = b"<< /Type /Page /Parent 2 0 R /Contents 81 0 R >>".to_vec();
    let file = File::new().page(text("BT /F1 12 Tf (Hei) Tj ET")).object(80, stray);
    let file = file.object(81, text("BT /F1 12 Tf (22836014271) Tj ET"));
    holding(&file.read(), NUMBER);
    let bytes = File::new().page(text("BT /F1 12 Tf (Hei) Tj ET")).bytes();
    holding(&read_file(&[&bytes[..], b"\n% fnr 22836014271\n%%EOF\n"].concat()), NUMBER);
    holding(&read_file(&[&bytes[..], b"\n<html><p>fnr 22836014271</p></html>"].concat()), NUMBER);
    holding(&read_file(&[b"fnr 22836014271\n", &bytes[..]].concat()), NUMBER);
}

#[test]
fn a_file_of_two_sorts_is_read_as_both() {
    let pdf = File::new().page(text("BT /F1 12 Tf (22836014271) Tj ET")).bytes();
    for before in
        [&b"\n\nX-Mailer: 7\n"[..], b"<html><p>Hei</p></html>\n", b"GIF89a\x01\0\x01\0\0\0\0;"]
    {
        holding(&read_file(&[before, &pdf].concat()), NUMBER);
    }
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("a.txt", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"fnr 14838612572").unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let read = read_file(&[b"X: 7\n", &pdf[..], &zip].concat());
    holding(&read, NUMBER);
    holding(&read, "14838612572");
}

#[test]
fn damage_is_told_and_the_rest_is_read() {
    let file = File::new().page(text("BT /F1 12 Tf (22836014271) Tj ET"));
    let bytes = file.page(stream("/Filter /FlateDecode", &deflated(&[b'x'; 5000]))).bytes();
    let cut = memchr::memmem::rfind(&bytes, b"endstream").unwrap() - 4;
    let read = read_file(&bytes[..cut]);
    holding(&read, NUMBER);
    assert!(read.gaps.iter().any(|gap| gap.kind == GapKind::Broken));
    let read = read_file(b"%PDF-1.7\nfnr 22836014271");
    holding(&read, NUMBER);
    assert_eq!(read.gaps[0].kind, GapKind::Broken);
}

#[test]
fn files_by_other_programs_are_read() {
    let form = fixture("pdf-form-field");
    let field = holding(&form, "14875828666");
    assert!(form.gaps.is_empty());
    assert_eq!((&*field.path.to_string(), &*field.marks[0].name), ("fil.pdf > form", "fnr"));
    let attached = fixture("pdf-attachment");
    assert_eq!(holding(&attached, "14838612572").path.to_string(), "fil.pdf > liste.csv");
}

#[test]
fn a_picture_of_text_is_a_gap() {
    let read = fixture("pdf-scan");
    assert_eq!(read.gaps.len(), 1);
    assert_eq!(read.gaps[0].kind, GapKind::Unknown);
    assert_eq!(read.gaps[0].path.to_string(), "fil.pdf > page 1");
}

#[test]
fn only_a_real_password_is_encryption() {
    let kinds =
        |read: &Extraction| read.gaps.iter().map(|gap| gap.kind.clone()).collect::<Vec<_>>();
    assert_eq!(kinds(&fixture("pdf-password")), [GapKind::Encrypted(Proof::new("pdf-aes256"))]);
    assert_eq!(kinds(&fixture("pdf-rc4")), [GapKind::WeakEncryption(Proof::new("pdf-rc4-40"))]);
    for (name, number) in [("pdf-no-password", "07844049042"), ("pdf-aes128-open", NUMBER)] {
        let open = fixture(name);
        holding(&open, number);
        assert!(open.gaps.is_empty());
    }
}

#[test]
fn a_claim_of_encryption_is_not_believed() {
    let file = File::new().page(text("BT /F1 12 Tf (22836014271) Tj ET"));
    let bytes = String::from_utf8(file.bytes()).unwrap();
    let zeros = "00".repeat(32);
    let claim = format!(
        "/Root 1 0 R /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{zeros}> /U <{zeros}> >>"
    );
    let read = read_file(bytes.replace("/Root 1 0 R", &claim).as_bytes());
    holding(&read, NUMBER);
    let weak = GapKind::WeakEncryption(Proof::new("pdf-partly-encrypted"));
    assert!(read.gaps.iter().any(|gap| gap.kind == weak));
}

#[test]
fn a_form_that_draws_itself_ends() {
    let own = stream(
        "/Subtype /Form /Resources << /XObject << /Fm 80 0 R >> >>",
        b"/Fm Do /Fm Do BT (22836014271) Tj ET",
    );
    let page = text("/Loop Do");
    let resources = "/Resources << /XObject << /Loop 80 0 R >> >>";
    let read = File::new().object(80, own).page_with(page, resources).read();
    holding(&read, NUMBER);
    assert!(read.gaps.iter().any(|gap| gap.kind == GapKind::TooDeep));
}

/// Objects and pages of a small file.
struct File {
    objects: Vec<(u32, Vec<u8>)>,
    font: String,
    pages: Vec<u32>,
}

impl File {
    fn new() -> Self {
        let font =
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";
        Self { objects: Vec::new(), font: font.into(), pages: Vec::new() }
    }

    fn font(self, font: &str) -> Self {
        Self { font: font.into(), ..self }
    }

    fn object(mut self, number: u32, body: Vec<u8>) -> Self {
        self.objects.push((number, body));
        self
    }

    fn page(self, content: Vec<u8>) -> Self {
        self.page_with(content, "")
    }

    fn page_with(mut self, content: Vec<u8>, more: &str) -> Self {
        let page = 10 + self.pages.len() as u32;
        let content_number = page + 30;
        self.pages.push(page);
        let body = format!("<< /Type /Page /Parent 2 0 R /Contents {content_number} 0 R {more} >>");
        self.object(page, body.into_bytes()).object(content_number, content)
    }

    fn bytes(mut self) -> Vec<u8> {
        let kids: String = self.pages.iter().map(|page| format!("{page} 0 R ")).collect();
        let pages = format!(
            "<< /Type /Pages /Kids [{kids}] /Count {} /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> /XObject << /Fm 4 0 R >> >> >>",
            self.pages.len()
        );
        let form =
            stream("/Subtype /Form /Matrix [1 0 0 1 9 9]", b"BT /F1 9 Tf (22836014271) Tj ET");
        let font = self.font.clone().into_bytes();
        self.objects.push((1, b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()));
        self.objects.push((2, pages.into_bytes()));
        self.objects.push((3, font));
        // Only where it is drawn: it must not be what other tests find.
        if self.objects.iter().any(|(_, body)| memchr::memmem::find(body, b"/Fm Do").is_some()) {
            self.objects.push((4, form));
        }
        let mut bytes = b"%PDF-1.7\n".to_vec();
        for (number, body) in &self.objects {
            bytes.extend(format!("{number} 0 obj\n").into_bytes());
            bytes.extend(body);
            bytes.extend(b"\nendobj\n");
        }
        bytes.extend(b"trailer << /Root 1 0 R >>\nstartxref\n0\n%%EOF\n");
        bytes
    }

    fn read(self) -> Extraction {
        read_file(&self.bytes())
    }
}

fn text(content: &str) -> Vec<u8> {
    stream("", content.as_bytes())
}

fn stream(entries: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("<< /Length {} {entries} >>\nstream\n", bytes.len());
    [head.as_bytes(), bytes, b"\nendstream"].concat()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn hex_of(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

fn read_file(bytes: &[u8]) -> Extraction {
    read(Kind::File, "fil.pdf", bytes, &Limits::default())
}

fn fixture(name: &str) -> Extraction {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/extract");
    read_file(&fs::read(path.join(name).with_extension("pdf")).unwrap())
}

fn holding<'a>(read: &'a Extraction, text: &str) -> &'a Fragment {
    let found = read.fragments.iter().find(|fragment| fragment.text.contains(text));
    found.unwrap_or_else(|| panic!("not found in {:?}, {:?}", read.fragments, read.gaps))
}
