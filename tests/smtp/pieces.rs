//! However the bytes of a client are cut on their way, the dialogue is the
//! same.

use proptest::{prelude::*, test_runner::Config};
use tokio::runtime::Runtime;

use crate::{client::Client, fake_judge::deliver, gateway::Gateway};

/// Everything that a client says without waiting, and that is allowed.
const DIALOGUE: &[u8] = b"EHLO a\r\nNOOP\r\nMAIL FROM:<kari@cpm.example>\r\n\
    RCPT TO:<ola@partner.example>\r\nRCPT TO:<ola@partner.example\r\nXYZ\rA\r\n\
    DATA\r\nSubject: 1\r\n\r\n..\r\n.a\r\n.\r\n\
    MAIL FROM:<> SIZE=10\r\nRCPT TO:<per@other.example> NOTIFY=NEVER\r\n\
    BDAT 12\r\nSubject: 2\r\nBDAT 9 LAST\r\n\r\n.\r\n..\r\nRSET\r\n\
    MAIL FROM:<kari@cpm.example>\r\nRCPT TO:<ola@partner.example>\r\n\
    DATA\r\nbare\n.\r\nQUIT\r\n.\r\nNOOP\r\nQUIT\r\n";

async fn play(gateway: &Gateway, cuts: &[usize]) -> (String, Vec<Vec<u8>>) {
    let before = gateway.hop.messages().len();
    let mut client = Client::connect(gateway.address()).await;
    let mut start = 0;
    for cut in cuts {
        client.send(&DIALOGUE[start..*cut]).await;
        start = *cut;
        // The server may read what is there.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }
    client.send(&DIALOGUE[start..]).await;
    (client.rest().await, gateway.hop.messages().split_off(before))
}

#[test]
fn any_pieces_give_the_same_dialogue() {
    let runtime = Runtime::new().unwrap();
    let gateway = runtime.block_on(Gateway::start(deliver()));
    let whole = runtime.block_on(play(&gateway, &[]));
    assert_eq!(whole.1, [&b"Subject: 1\r\n\r\n.\r\na\r\n"[..], b"Subject: 2\r\n\r\n.\r\n..\r\n"]);
    assert!(whole.0.ends_with("a CR or LF stands alone in it\r\n"), "{}", whole.0);
    let cuts = proptest::collection::vec(0..DIALOGUE.len(), 0..40);
    proptest!(Config::with_cases(64), |(mut cuts in cuts)| {
        cuts.sort_unstable();
        let pieces = runtime.block_on(play(&gateway, &cuts));
        prop_assert_eq!(&pieces, &whole);
    });
    let bytes: Vec<usize> = (1..DIALOGUE.len()).collect();
    assert_eq!(runtime.block_on(play(&gateway, &bytes)), whole);
}
