//! The key store is empty, or what it holds cannot be used. What had to be
//! encrypted is refused with guidance or waits; it never leaves in the clear.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Gate, at_both_gates,
    harness::{
        client::Reply,
        keyring::Keyring,
        samples::{NUMBER, OLA, letter},
        site::Site,
    },
};

at_both_gates! {
    a_key_that_cannot_be_used_is_as_good_as_none,
    a_damaged_key_store_lets_nothing_out_in_the_clear,
}

fn a_key_that_cannot_be_used_is_as_good_as_none(gate: Gate) {
    let expired = Keyring::of(&[]);
    expired.make_at("20250101T000000", OLA);
    let weak = Keyring::of(&[]);
    weak.make_weak(OLA);
    let revoked = Keyring::of(&[OLA]);
    let stores = [
        ("ingen", Vec::new()),
        ("utloept", vec![expired.certificate(OLA)]),
        ("trukket", vec![revoked.certificate(OLA), revoked.revocation()]),
        ("svak", vec![weak.certificate(OLA)]),
    ];
    for (name, certificates) in stores {
        let site = Site::open(gate.plan());
        for certificate in &certificates {
            assert!(!certificate.is_empty(), "{name}");
            site.sluse.trust(certificate);
        }
        let reply = send(&site, name);
        assert_eq!(reply.code, 550, "{name}: {reply:?}");
        assert!(reply.text().contains("https://"), "no guidance: {reply:?}");
        closed(&site, name);
    }
}

fn a_damaged_key_store_lets_nothing_out_in_the_clear(gate: Gate) {
    let ola = Keyring::of(&[OLA]);
    let certificate = ola.certificate(OLA);
    let mut site = Site::open(gate.plan());
    // Half a certificate is none.
    let half = &certificate[..certificate.len() / 2];
    assert_ne!(site.sluse.feed(&["keys", "import", "-"], half).code, 0);
    assert_eq!(send(&site, "halvt").code, 550);
    site.sluse.trust(&certificate);
    let file = stored(&site.sluse.state);
    let whole = fs::read(&file).unwrap();
    for (name, damage) in
        [("kuttet", &whole[..whole.len() / 2]), ("tomt", &[][..]), ("soeppel", &[0xa5; 700][..])]
    {
        fs::write(&file, damage).unwrap();
        // The service may have a copy in use, and after a new start it has none.
        let with_copy = send(&site, &format!("{name}-foer"));
        assert!([250, 451, 550].contains(&with_copy.code), "{name}: {with_copy:?}");
        site.sluse.kill();
        site.sluse.start();
        let without = send(&site, &format!("{name}-etter"));
        assert!([451, 550].contains(&without.code), "{name}: {without:?}");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!([250, 451, 550].contains(&send(&site, "mappe").code));
    fs::remove_dir(&file).unwrap();
    closed(&site, "skade");
    site.sluse.trust(&certificate);
    let reply = send(&site, "til-slutt");
    assert_eq!(reply.code, 250, "{reply:?}");
    let arrived = &site.arrivals(1, "til-slutt@cpm.example")[0];
    let opened = ola.open(arrived.text().as_bytes()).unwrap();
    assert!(String::from_utf8_lossy(&opened).contains(NUMBER));
    closed(&site, "til-slutt");
}

fn send(site: &Site, id: &str) -> Reply {
    site.send(&letter(id, &format!("Pasienten har fødselsnummer {NUMBER}.")))
}

/// Nothing left that should not have, and other mail goes on.
fn closed(site: &Site, name: &str) {
    site.settle();
    let told = |mail: &&crate::harness::sink::Arrival| mail.text().contains(NUMBER);
    assert_eq!(site.sink.arrivals().iter().filter(told).count(), 0, "{name}");
}

/// The one certificate in the folder.
fn stored(state: &Path) -> PathBuf {
    let folder = fs::read_dir(state.join("certs").join("openpgp")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|end| end == "pgp")).unwrap()
}
