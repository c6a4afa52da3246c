//! The harness itself: mail goes through the private Postfix untouched, and
//! the books see what they have to see.

mod harness;
use harness::*;
#[test]
fn x() {
    let dir = tempfile::TempDir::with_prefix("sluse-").unwrap();
    let sink = sink::Sink::open();
    let doors = postfix::Postfix::doors();
    let t=std::time::Instant::now();
    let p = postfix::Postfix::start(dir.path(), doors, &format!("unix:{}/no.sock", dir.path().display()), sink.port);
    eprintln!("start {:?}", t.elapsed());
    for name in ["clean-text","clean-multipart","odd-display-names","inbound-number","unscannable","already-encrypted"] {
        let mail = samples::sample(name);
        let r = client::send(p.behind, &mail);
        eprintln!("{name} {r:?}");
        let a = sink.wait(1, PATIENCE, |m| m.header("Message-ID").unwrap().contains(name));
        eprintln!("{:?} {}", t.elapsed(), a[0].is_untouched(&mail.bytes));
        if !a[0].is_untouched(&mail.bytes) { eprintln!("{}", a[0].text()); }
    }
    eprintln!("gate {:?}", client::send(p.gate, &samples::sample("clean-text")));
    let trial = trial::Trial::new("prov", 300);
    let t=std::time::Instant::now();
    trial.send(p.behind, 8, PATIENCE);
    eprintln!("sent {:?}", t.elapsed());
    let a = sink.wait(300, PATIENCE, |m| trial.owns(m));
    eprintln!("{:?} {}", t.elapsed(), trial.account(&a, &[]));
    let k = keyring::Keyring::of(&["ola@partner.example"]);
    eprintln!("{}", k.certificate("ola@partner.example").len());
    let t=std::time::Instant::now();
    drop(p);
    eprintln!("stop {:?}", t.elapsed());
}
