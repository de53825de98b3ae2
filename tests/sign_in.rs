//! The scripts in `fixtures/sign-in`, played through the three functions in this process.

use loop_tests::folder::{cases, fixtures, read};
use loop_tests::functions::Functions;
use loop_tests::script::{Player, Script};

#[test]
fn every_script_ends_as_it_says() {
    let folder = fixtures("sign-in");
    for case in cases(&folder, &[".json"]) {
        let script: Script = read(&folder.join(format!("{case}.json")));
        let functions = Functions::with_flow(&script.flow);
        let mut player = Player::new(&functions, &script);
        assert_eq!(player.play(), script.expect, "{case}: {}", script.description);
        if let Some(asked) = &script.asked {
            assert_eq!(player.asked, *asked, "{case}: {}", script.description);
        }
    }
}
