//! `sluse audit`: what is signed, handed out and proven.

use crate::place::Place;

/// A store with some rows: each export is one.
fn place_with_rows() -> Place {
    let place = Place::new();
    for reason in ["tilsyn", "revisjon", "=1+1"] {
        let answer = place.sluse(&["audit", "export", "--by", "eva", "--reason", reason]);
        assert_eq!(answer.status, 0, "{answer:?}");
    }
    place
}

#[test]
fn an_export_is_itself_in_the_log() {
    let place = place_with_rows();
    let answer = place.sluse(&["audit", "export"]);
    let rows = answer.json();
    assert_eq!(rows.len(), 3, "{answer:?}");
    assert_eq!(
        (rows[0]["act"].as_str(), rows[0]["actor"].as_str()),
        (Some("exported"), Some("eva"))
    );
    assert_eq!(rows[1]["facts"]["purpose"], "revisjon");
    assert_eq!(place.sluse(&["audit", "export"]).json().len(), 4);
    let answer = place.sluse(&["audit", "verify"]);
    assert_eq!(answer.out, "ok: 5 rows, none altered, removed or put in\n");
}

#[test]
fn an_export_is_bounded_by_rows_and_times() {
    let place = place_with_rows();
    let number = |bounds: &[&str]| {
        let answer = place.sluse(&[&["audit", "export"], bounds].concat());
        assert_eq!(answer.status, 0, "{answer:?}");
        answer.json().len()
    };
    assert_eq!(number(&["--from", "2", "--to", "3"]), 2);
    assert_eq!(number(&["--from", "2100-01-01"]), 0);
    assert_eq!(number(&["--to", "2020-01-01T00:00:00Z"]), 0);
    assert_eq!(number(&["--from", "2020-01-01", "--to", "2"]), 2);
    for wrong in ["0", "-1", "i går", "2026-13-01"] {
        let bound = format!("--from={wrong}");
        assert_eq!(place.sluse(&["audit", "export", &bound]).status, 2, "{wrong}");
    }
}

#[test]
fn a_spreadsheet_gets_rows_and_no_formulas() {
    let place = place_with_rows();
    place.sluse(&["audit", "export", "--by", "=cmd|' /C calc'!A0"]);
    let answer = place.sluse(&["audit", "export", "--as", "csv"]);
    let lines: Vec<&str> = answer.out.lines().collect();
    assert_eq!((lines.len(), lines[0]), (5, "seq,at,event,actor,act,facts,mac"));
    assert!(lines[4].contains(",\"'=cmd|' /C calc'!A0\",\"exported\","), "{}", lines[4]);
    assert!(lines[2].contains("\"\"purpose\"\":\"\"revisjon\"\""), "{}", lines[2]);
}

#[test]
fn an_exported_file_is_proven_here_and_elsewhere() {
    let place = place_with_rows();
    let answer = place.sluse(&["audit", "sign"]);
    assert!(answer.out.starts_with("signed: up to row 3, "), "{answer:?}");
    assert!(place.sluse(&["audit", "sign"]).out.starts_with("nothing new, signed before"));
    let key = place.sluse(&["audit", "key"]).out.trim().to_owned();
    let exported = place.sluse(&["audit", "export"]).out;
    place.write("audit.jsonl", &exported);
    let answer = place.sluse(&["audit", "verify", "audit.jsonl"]);
    let told = "ok: 4 rows; checkpoints prove rows 1 to 3\n";
    assert_eq!((answer.status, answer.out.as_str()), (0, told));
    // The auditor has the file and the key, and no settings.
    let answer = place.bare(&["audit", "verify", "audit.jsonl", "--key", &key]);
    assert_eq!((answer.status, answer.out.as_str()), (0, told));

    place.write("audit.jsonl", exported.replace("revisjon", "revisjom"));
    let answer = place.sluse(&["audit", "verify", "audit.jsonl"]);
    assert_eq!(answer.status, 1);
    assert_eq!(answer.out, "broken: row 2: the row was altered or moved\n");
    let answer = place.bare(&["audit", "verify", "audit.jsonl", "--key", &key, "--format", "json"]);
    assert_eq!(answer.status, 1);
    assert_eq!(answer.json()[0]["first_bad"]["row"], 4);
    assert_eq!(place.bare(&["audit", "verify", "audit.jsonl", "--key", "AAAA"]).status, 2);
}

#[test]
fn a_checkpoint_from_the_log_of_the_service_is_compared() {
    let place = place_with_rows();
    let point = place.sluse(&["audit", "sign", "--format", "json"]).out;
    place.write(
        "text.log",
        format!("INFO sluse: ready\nINFO sluse: audit log signed checkpoint={point}"),
    );
    let logged = serde_json::json!({ "fields": { "checkpoint": point.trim() } });
    place.write("json.log", logged.to_string());
    for log in ["text.log", "json.log"] {
        let answer = place.sluse(&["audit", "verify", "--checkpoint", log]);
        assert_eq!(answer.status, 0, "{log} {answer:?}");
    }
    place.write("forged.log", point.replace("\"row\":3", "\"row\":2"));
    let answer = place.sluse(&["audit", "verify", "--checkpoint", "forged.log"]);
    assert!(answer.status > 1, "{answer:?}");
    assert!(answer.said.contains("was not signed by this store"), "{answer:?}");
}
