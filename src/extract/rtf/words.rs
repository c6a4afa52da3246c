//! What the control words of RTF mean, as far as text goes.

use super::state::{Hex, Side, Sink};

/// Where the text after the destination `word` goes; `None` when it is no
/// destination that is known here.
pub(super) fn destination(word: &[u8]) -> Option<Sink> {
    Some(match word {
        b"header" | b"headerl" | b"headerr" | b"headerf" => Sink::Side(Side::Header),
        b"footer" | b"footerl" | b"footerr" | b"footerf" => Sink::Side(Side::Footer),
        b"footnote" => Sink::Side(Side::Note),
        b"annotation" => Sink::Side(Side::Comment),
        b"shptxt" | b"dptxbxtext" => Sink::Side(Side::Box),
        b"info" | b"userprops" | b"atnid" | b"atnauthor" => Sink::Told,
        b"fonttbl" => Sink::Fonts,
        b"colortbl" | b"stylesheet" | b"listtable" | b"listoverridetable" | b"revtbl"
        | b"filetbl" | b"fldinst" | b"listtext" | b"pntext" | b"pntxta" | b"pntxtb"
        | b"bkmkstart" | b"bkmkend" | b"xe" | b"tc" | b"tcn" | b"txe" | b"rxe" | b"objclass"
        | b"objname" | b"sp" | b"template" | b"private" | b"ftnsep" | b"ftnsepc" => Sink::Told,
        b"pict" => Sink::Hex(Hex::Picture),
        b"objdata" => Sink::Hex(Hex::Object),
        b"datastore"
        | b"themedata"
        | b"colorschememapping"
        | b"blipuid"
        | b"panose"
        | b"passwordhash"
        | b"rsidtbl"
        | b"latentstyles" => Sink::Hex(Hex::Quiet),
        b"htmltag" => Sink::Tags,
        _ => return None,
    })
}

/// Destinations that are only marked as skippable: their text is shown.
pub(super) fn is_shown_though_starred(word: &[u8]) -> bool {
    matches!(word, b"shppict" | b"ud" | b"fldrslt" | b"flddirty" | b"nesttableprops")
}

/// The character that a control word or sign stands for.
pub(super) fn character(word: &[u8]) -> Option<&'static str> {
    Some(match word {
        b"par" | b"line" | b"page" | b"sect" | b"column" | b"row" | b"nestrow" | b"softline"
        | b"softpage" | b"lbr" | b"\n" | b"\r" => "\n",
        b"tab" | b"cell" | b"nestcell" => "\t",
        b"emspace" | b"enspace" | b"qmspace" => " ",
        b"~" => "\u{a0}",
        b"_" => "-",
        b"emdash" => "\u{2014}",
        b"endash" => "\u{2013}",
        b"bullet" => "\u{2022}",
        b"lquote" => "\u{2018}",
        b"rquote" => "\u{2019}",
        b"ldblquote" => "\u{201c}",
        b"rdblquote" => "\u{201d}",
        b"\\" => "\\",
        b"{" => "{",
        b"}" => "}",
        b"zwj" => "\u{200d}",
        b"zwnj" => "\u{200c}",
        _ => return None,
    })
}
