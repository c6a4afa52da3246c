//! The table itself.

use super::Known;
use crate::{extract::sniff::Format, model::Surface};

/// Documents first, then what is packed, then pictures.
pub(super) const KNOWN: &[Known] = &[
    Known {
        id: "text",
        name: "Text: txt, csv, json, ics, vcf, HL7, source, logs",
        format: Format::Text,
        sign: "hardly any control characters; UTF-16 by its zeros",
        read: "all of it, in the charset that it seems to be; tables by column",
        surfaces: &[Surface::Cell, Surface::FileName, Surface::FileText, Surface::Metadata],
        gaps: "charsets that two readers take differently",
        ..PLAIN
    },
    Known {
        id: "mail",
        name: "Messages: eml, mbox",
        format: Format::Text,
        sign: "header fields at the start",
        read: "headers, bodies, attachments, gaps between parts; message by message",
        gaps: "what two readers take differently; external bodies; partial messages",
        ..PLAIN
    },
    Known {
        id: "html",
        name: "HTML, SVG, MHTML",
        format: Format::Html,
        sign: "a known tag at the start",
        read: "text as seen and as hidden, attributes, comments, data URIs",
        surfaces: &[
            Surface::Body,
            Surface::Cell,
            Surface::FileName,
            Surface::FileText,
            Surface::Metadata,
        ],
        gaps: "entities that two readers take differently",
        ..PLAIN
    },
    Known {
        id: "xml",
        name: "XML: FHIR, KITH, Word 2003, flat OpenDocument",
        format: Format::Xml,
        sign: "`<?xml`",
        read: "texts and attributes",
        surfaces: &[Surface::Cell, Surface::FileText, Surface::Metadata],
        gaps: "entities that two readers take differently",
        ..PLAIN
    },
    Known {
        id: "rtf",
        name: "Rich Text Format",
        format: Format::Rtf,
        read: "text, fields, properties, objects and pictures inside",
        surfaces: &[Surface::Cell, Surface::FileName, Surface::FileText, Surface::Metadata],
        gaps: "objects that cannot be read",
        ..PLAIN
    },
    Known {
        id: "pdf",
        name: "PDF",
        format: Format::Pdf,
        sign: "also behind other bytes, by its objects",
        read: "text of all pages and revisions, forms, annotations, attachments, properties, scripts",
        gaps: "scanned pages, unless pictures are read; letters drawn as shapes; fonts that do not tell their letters",
        proofs: &["pdf-aes128", "pdf-aes256"],
        weak: &[
            "pdf-damaged",
            "pdf-other-handler",
            "pdf-partly-encrypted",
            "pdf-rc4-128",
            "pdf-rc4-40",
            "pdf-unknown-cipher",
        ],
        ..PLAIN
    },
    Known {
        id: "word",
        name: "Word: docx, docm, dotx",
        format: Format::Zip,
        sign: "a package with `word/`",
        read: "text with runs joined, headers, notes, comments, hidden text, properties, links, media and embedded files",
        gaps: "embedded objects that cannot be read",
        ..PLAIN
    },
    Known {
        id: "excel",
        name: "Excel: xlsx, xlsm, xltx",
        format: Format::Zip,
        sign: "a package with `xl/`",
        read: "cells as typed and as shown, hidden sheets, comments, cached values, properties",
        gaps: "embedded objects that cannot be read",
        ..PLAIN
    },
    Known {
        id: "excel-binary",
        name: "Excel: xlsb",
        format: Format::Zip,
        sign: "a package with `xl/workbook.bin`",
        read: "cells, shared texts, comments, properties",
        gaps: "embedded objects that cannot be read",
        ..PLAIN
    },
    Known {
        id: "powerpoint",
        name: "PowerPoint: pptx, pptm",
        format: Format::Zip,
        sign: "a package with `ppt/`",
        read: "slides, hidden ones too, notes, comments, properties",
        gaps: "embedded objects that cannot be read",
        ..PLAIN
    },
    Known {
        id: "opendocument",
        name: "OpenDocument: odt, ods, odp",
        format: Format::Zip,
        sign: "`mimetype` or `content.xml` in the package",
        read: "text, cells by sheet, tracked changes, notes, properties",
        gaps: "embedded objects that cannot be read",
        proofs: &["odf-aes128", "odf-aes192", "odf-aes256", "odf-aes256-gcm"],
        weak: &["odf-old-cipher"],
        ..PLAIN
    },
    Known {
        id: "doc",
        name: "Word 97 to 2003: doc",
        format: Format::Compound,
        sign: "a stream `WordDocument`",
        read: "text, notes, headers, field codes, properties",
        gaps: "pieces that cannot be followed",
        weak: &["office-rc4", "office-xor"],
        ..PLAIN
    },
    Known {
        id: "xls",
        name: "Excel 97 to 2003: xls",
        format: Format::Compound,
        sign: "a stream `Workbook` or `Book`",
        read: "cells, hidden sheets, comments, properties",
        gaps: "records that cannot be followed",
        weak: &["office-rc4", "office-xor"],
        ..PLAIN
    },
    Known {
        id: "ppt",
        name: "PowerPoint 97 to 2003: ppt",
        format: Format::Compound,
        sign: "a stream `PowerPoint Document`",
        read: "slides, notes, properties, pictures",
        gaps: "records that cannot be followed",
        weak: &["office-rc4"],
        ..PLAIN
    },
    Known {
        id: "msg",
        name: "Outlook item: msg",
        format: Format::Compound,
        sign: "streams `__substg1.0_`",
        read: "headers, bodies in all forms, attachments, properties",
        gaps: "attachments that cannot be read",
        ..PLAIN
    },
    Known {
        id: "sealed-office",
        name: "Encrypted Office package",
        format: Format::Compound,
        sign: "a stream `EncryptedPackage`",
        read: "nothing; one under the well-known password is opened and read",
        gaps: "",
        proofs: &["office-aes128", "office-aes192", "office-aes256"],
        weak: &["office-damaged", "office-password-untried", "office-quick-key", "office-rights"],
        ..PLAIN
    },
    Known {
        id: "tnef",
        name: "winmail.dat (TNEF)",
        format: Format::Tnef,
        read: "bodies, properties, attachments",
        ..PLAIN
    },
    Known {
        id: "cms",
        name: "S/MIME and CMS: p7m, p7s",
        format: Format::Cms,
        sign: "`SEQUENCE`, then an identifier of CMS",
        read: "what is signed or compressed, by its own content",
        gaps: "content that is neither open nor proven to be encrypted",
        proofs: &["cms-auth-enveloped", "cms-enveloped"],
        weak: &[
            "cms-3des",
            "cms-damaged",
            "cms-des",
            "cms-empty",
            "cms-encrypted-data",
            "cms-no-recipient",
            "cms-password",
            "cms-rc2",
            "cms-rc4",
            "cms-unknown-cipher",
        ],
        ..PLAIN
    },
    Known {
        id: "openpgp",
        name: "OpenPGP: gpg, pgp, asc",
        format: Format::OpenPgp,
        sign: "a first packet that a message, key or signature starts with; armour in text",
        read: "what is signed, compressed or literal, by its own content",
        gaps: "packets that cannot be followed",
        proofs: &["openpgp"],
        weak: &[
            "armour-damaged",
            "openpgp-damaged",
            "openpgp-hidden-recipient",
            "openpgp-no-integrity",
            "openpgp-no-recipient",
            "openpgp-passphrase",
            "openpgp-too-many-recipients",
        ],
        ..PLAIN
    },
    Known {
        id: "zip",
        name: "ZIP",
        format: Format::Zip,
        sign: "also by its end, behind other bytes",
        read: "names, comments, members by their own content, nested to the depth in `[limits]`",
        gaps: "other methods than stored, deflate and the like; members that the directory hides",
        proofs: &["zip-aes128", "zip-aes192", "zip-aes256"],
        weak: &["password-beside", "zip-aes-damaged", "zipcrypto"],
        ..PLAIN
    },
    Known {
        id: "7z",
        name: "7z",
        format: Format::SevenZip,
        sign: "also behind a program",
        read: "names, members by their own content, nested to the depth in `[limits]`",
        gaps: "other methods",
        proofs: &["7z-aes256"],
        ..PLAIN
    },
    Known {
        id: "tar",
        name: "tar",
        format: Format::Tar,
        sign: "a checksum and names in its head",
        read: "names, owners, comments, members by their own content, nested to the depth in `[limits]`",
        ..PLAIN
    },
    Known {
        id: "gzip",
        name: "gzip",
        format: Format::Gzip,
        read: "the name inside, and the file by its own content",
        gaps: "more bytes than `[limits]` allow",
        ..PLAIN
    },
    Known {
        id: "bzip2",
        name: "bzip2",
        format: Format::Bzip2,
        sign: "`BZh1` to `BZh9` and a block mark",
        read: "the name inside, and the file by its own content",
        gaps: "more bytes than `[limits]` allow",
        ..PLAIN
    },
    Known {
        id: "xz",
        name: "xz",
        format: Format::Xz,
        read: "the name inside, and the file by its own content",
        gaps: "more bytes than `[limits]` allow",
        ..PLAIN
    },
    Known {
        id: "lzma",
        name: "LZMA alone",
        format: Format::Lzma,
        sign: "likely properties, dictionary and length",
        read: "the name inside, and the file by its own content",
        gaps: "more bytes than `[limits]` allow",
        ..PLAIN
    },
    Known {
        id: "lzip",
        name: "lzip",
        format: Format::Lzip,
        read: "the name inside, and the file by its own content",
        gaps: "more bytes than `[limits]` allow",
        ..PLAIN
    },
    Known {
        id: "zstandard",
        name: "Zstandard",
        format: Format::Zstandard,
        read: "the name inside, and the file by its own content",
        gaps: "more bytes than `[limits]` allow",
        ..PLAIN
    },
    Known {
        id: "ar",
        name: "ar, deb",
        format: Format::Ar,
        read: "names, members by their own content, nested to the depth in `[limits]`",
        ..PLAIN
    },
    Known {
        id: "cpio",
        name: "cpio",
        format: Format::Cpio,
        read: "names, members by their own content, nested to the depth in `[limits]`",
        ..PLAIN
    },
    Known {
        id: "cab",
        name: "Cabinet",
        format: Format::Cab,
        read: "names; runs of plain characters",
        surfaces: &[Surface::FileName, Surface::FileText, Surface::Metadata],
        gaps: "always: it is not opened",
        ..PLAIN
    },
    Known {
        id: "rar",
        name: "rar",
        format: Format::Rar,
        sign: "also behind a program",
        read: "names; runs of plain characters",
        surfaces: &[Surface::FileName, Surface::FileText, Surface::Metadata],
        gaps: "always: it is not opened",
        ..PLAIN
    },
    Known {
        id: "sqlite",
        name: "SQLite",
        format: Format::Sqlite,
        read: "tables by column, deleted rows where they still stand",
        surfaces: &[Surface::Cell, Surface::FileText, Surface::Metadata],
        gaps: "encrypted or damaged ones",
        ..PLAIN
    },
    Known {
        id: "r",
        name: "Object of R: rds, RData",
        format: Format::RObject,
        sign: "also packed",
        read: "texts and numbers by column",
        surfaces: &[Surface::Cell, Surface::FileText, Surface::Metadata],
        gaps: "parts that cannot be followed",
        ..PLAIN
    },
    Known {
        id: "png",
        name: "PNG",
        format: Format::Png,
        read: "text chunks, XMP, Exif, IPTC, what follows the end",
        surfaces: &[Surface::Cell, Surface::FileName, Surface::FileText, Surface::Metadata],
        gaps: "pixels that may show text, unless pictures are read; animated ones, and those with a transparent palette",
        ..PLAIN
    },
    Known {
        id: "jpeg",
        name: "JPEG",
        format: Format::Jpeg,
        read: "comments, XMP, Exif, IPTC, what follows the end",
        surfaces: &[Surface::Cell, Surface::FileName, Surface::FileText, Surface::Metadata],
        gaps: "pixels that may show text, unless pictures are read",
        ..PLAIN
    },
    Known {
        id: "tiff",
        name: "TIFF",
        format: Format::Tiff,
        read: "texts in tags, XMP, IPTC",
        surfaces: &[Surface::Cell, Surface::FileName, Surface::FileText, Surface::Metadata],
        gaps: "pixels that may show text, unless pictures are read",
        ..PLAIN
    },
    Known {
        id: "gif",
        name: "GIF",
        format: Format::Gif,
        read: "comments, plain text, XMP",
        surfaces: &[Surface::Cell, Surface::FileName, Surface::FileText, Surface::Metadata],
        gaps: "pixels that may show text, unless pictures are read; animated and transparent ones",
        ..PLAIN
    },
    Known {
        id: "webp",
        name: "WebP",
        format: Format::Webp,
        sign: "`RIFF`, then `WEBP`",
        read: "XMP, Exif",
        surfaces: &[Surface::Cell, Surface::FileName, Surface::FileText, Surface::Metadata],
        gaps: "pixels that may show text, unless pictures are read; animated and transparent ones",
        ..PLAIN
    },
    Known {
        id: "bmp",
        name: "BMP",
        format: Format::Bmp,
        sign: "`BM` and a likely head",
        read: "what follows the end",
        surfaces: &[Surface::Cell, Surface::FileName, Surface::FileText, Surface::Metadata],
        gaps: "pixels that may show text, unless pictures are read",
        ..PLAIN
    },
    Known {
        id: "heif",
        name: "HEIF, AVIF",
        format: Format::Heif,
        sign: "`ftyp` and a brand",
        read: "XMP, Exif",
        surfaces: &[Surface::Cell, Surface::FileName, Surface::FileText, Surface::Metadata],
        gaps: "always: the pixels are not read",
        ..PLAIN
    },
    Known {
        id: "unknown",
        name: "Anything else",
        format: Format::Unknown,
        sign: "none of the above",
        read: "runs of plain characters; a ZIP, 7z, rar or PDF behind it",
        gaps: "always",
        ..PLAIN
    },
];

/// What holds files of any sort holds findings anywhere.
const ANY: &[Surface] = &[
    Surface::Body,
    Surface::Cell,
    Surface::FileName,
    Surface::FileText,
    Surface::Header,
    Surface::Metadata,
];

const PLAIN: Known = Known {
    id: "",
    name: "",
    format: Format::Unknown,
    sign: "",
    read: "",
    surfaces: ANY,
    gaps: "damaged ones",
    proofs: &[],
    weak: &[],
};
