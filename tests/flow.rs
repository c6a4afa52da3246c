//! x
mod harness;
use harness::{*, sluse::Plan, site::Site};
#[test]
fn x() {
    let t=std::time::Instant::now();
    let keys = keyring::Keyring::of(&["ola@partner.example"]);
    eprintln!("gpg {:?}", t.elapsed());
    let site = Site::open(Plan { reinject: true, ..Plan::default() });
    eprintln!("up {:?}", t.elapsed());
    site.sluse.trust(&keys.certificate("ola@partner.example"));
    for name in ["already-encrypted","clean-multipart","clean-text","inbound-number","medium-finding","null-sender","number-in-body","number-in-display-name","number-in-docx-in-zip","number-in-subject","odd-display-names","recipient-with-key","subject-with-key","two-recipients","unscannable"] {
        let t=std::time::Instant::now();
        let r = site.send(&samples::sample(name));
        eprintln!("{name}: {} {:?} {:?}", r.code, r.lines, t.elapsed());
    }
    site.settle();
    for a in site.sink.arrivals() { eprintln!("--- {} {:?}\n{}", a.sender, a.recipients, a.text()); }
    for h in site.sluse.held() { eprintln!("{h}"); }
    for l in site.sluse.log.all() { eprintln!("{l}"); }
}
