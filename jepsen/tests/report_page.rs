//! The report in a browser: it opens, is found one's way around in, and shows the violation.
//!
//! Needs Chromium, without its window: where `METAD_CHROMIUM` says, or by its usual names. Where
//! there is none, the tests are skipped and say so.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use metad_jepsen::generate::{Shape, Told, generate};
use metad_jepsen::history::parse;
use metad_jepsen::model::Kind;
use metad_jepsen::report::html;
use metad_jepsen::{History, Options, check_history};

/// How long a page may take to open and to be walked through.
const TIME_MAX: Duration = Duration::from_secs(120);

/// A page that nobody looks at is not drawn each frame.
const FRAMES: &str =
    "<script>requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()));</script>";

fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("METAD_CHROMIUM").map(PathBuf::from);
    let usual = ["chromium", "chromium-browser", "google-chrome"].map(PathBuf::from);
    let runs = |path: &PathBuf| {
        let version = Command::new(path).arg("--version").stderr(Stdio::null()).output();
        version.is_ok_and(|output| output.status.success())
    };
    let found = named.into_iter().chain(usual).find(runs);
    if found.is_none() {
        println!("skipped: no Chromium: apt-get install chromium, or name it in METAD_CHROMIUM");
    }
    found
}

/// Opens a page, does what a script says once it is drawn, and gives what that reports, a line
/// for each call of `tell`.
fn walk(chromium: &Path, page: &str, script: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("page.html");
    // The page stays open for as long as an image is loading that never comes.
    let walk = format!(
        "<pre id=\"told\"></pre><script>
        const wait = (ms) => new Promise((done) => setTimeout(done, ms));
        const tell = (...words) => document.getElementById('told').append(words.join(' ') + '\\n');
        const press = async (key) => {{
            document.dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true }}));
            await wait(60);
        }};
        const text = (name) => document.querySelector(name).innerText.replace(/\\s+/g, ' ').trim();
        const colours = (id) => {{
            const canvas = document.getElementById(id);
            const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            const seen = new Set();
            for (let i = 0; i < pixels.length; i += 4) seen.add(pixels.slice(i, i + 4).join());
            return seen.size;
        }};
        (async () => {{
            const root = document.documentElement;
            for (let n = 0; n < 600 && !root.dataset.ready; n++) await wait(50);
            tell('ready', root.dataset.ready);
            await wait(100);
            try {{ {script} }} catch (error) {{ tell('failed', error); }}
            tell('done');
        }})();
        </script></body>"
    );
    let page = page.replace("<head>", &format!("<head>{FRAMES}")).replace("</body>", &walk);
    std::fs::write(&path, page).expect("the folder is ours");
    let mut command = Command::new(chromium);
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .args(["--virtual-time-budget=60000", "--dump-dom"])
        .arg(format!("file://{}", path.display()))
        .stderr(Stdio::null())
        .stdout(std::fs::File::create(folder.path().join("dom")).expect("the folder is ours"));
    wait(command);
    let dom = std::fs::read_to_string(folder.path().join("dom")).expect("it was written");
    let told = dom.split_once("<pre id=\"told\">").expect("the page was dumped").1;
    told.split_once("</pre>").expect("it is whole").0.to_string()
}

#[allow(clippy::disallowed_methods, reason = "a bound on another program")]
fn wait(mut command: Command) {
    let mut child = command.spawn().expect("it ran before");
    let started = Instant::now();
    while child.try_wait().expect("it is ours").is_none() {
        if started.elapsed() > TIME_MAX {
            child.kill().expect("it is ours");
            panic!("the page did not open within {TIME_MAX:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn page_of(history: &History) -> String {
    let report = check_history(history, &Options::default()).expect("the model reads it");
    html(&report, history)
}

fn check(file: &str, script: &str, expected: Expect) {
    let Some(chromium) = chromium() else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(file);
    let text = std::fs::read(path).expect("it is in the repository");
    let history = parse(file, &text, None).expect("it reads");
    expected.assert_eq(&walk(&chromium, &page_of(&history), script));
}

#[test]
fn a_violation_is_found_and_walked_around() {
    check(
        "tree-stale-read.jsonl",
        "tell('verdict:', text('h1'));
         tell('opens at', location.hash, text('#details h3'));
         tell(text('#details .why'));
         tell('drawn:', colours('body') > 5, colours('head') > 5, colours('overview') > 3, colours('latency') > 3);
         await press('ArrowLeft'); tell('left', location.hash, text('#details h3'));
         await press('ArrowLeft'); tell('left', location.hash);
         await press('ArrowRight'); tell('right', location.hash);
         await press('ArrowUp'); tell('up', location.hash);
         const before = document.getElementById('overview').toDataURL();
         await press('+'); tell('zooms:', before !== document.getElementById('overview').toDataURL());
         await press('0'); await press('v'); tell('v', location.hash);
         await press('?'); tell('help:', document.getElementById('help').open, document.querySelectorAll('#keys dt').length, 'keys');
         await press('?'); tell('closed:', !document.getElementById('help').open);
         await press('t'); tell('theme', document.documentElement.dataset.theme);
         await press('Escape'); tell('escape:', location.hash === '', text('#details'));
         location.hash = '#op=2'; await wait(60); tell('link', text('#details h3'));
         tell(text('#details .scene'));
         location.hash = '#op=999'; await wait(60); tell(text('#note'));
         document.querySelector('.violation a').click(); await wait(60); tell('click', location.hash);",
        expect![[r#"
            ready yes
            verdict: Invalid
            opens at #op=10 list answered
            ✗ does not fit: reflects revision 7, but revision 8, of line 23, had been answered before it was asked
            drawn: true true true true
            left #op=9 delete answered
            left #op=8
            right #op=9
            up #op=9
            zooms: true
            v #op=10
            help: true 11 keys
            closed: true
            theme dark
            escape: true Click an operation, or press → to step through them.
            link list answered
            / (directory id 10 rev ?)
            Operation 999 is not drawn in this page.
            click #op=10
            done
        "#]],
    );
}

#[test]
fn a_history_without_times_is_drawn_in_order() {
    check(
        "register-stale-read.edn",
        "tell(text('#note'), document.getElementById('scale').value);
         tell('latency hidden:', document.getElementById('latencies').hidden);
         tell(text('#details .scene'));",
        expect![[r#"
            ready yes
            The history has no times: operations are drawn in the order of its lines. order
            latency hidden: true
            register = 1
            done
        "#]],
    );
}

/// What a history holds is data to the page, whatever it looks like.
#[test]
fn names_are_not_taken_for_markup() {
    let name = "</script><img src=x onerror=alert(1)>{{DATA}}";
    let line = |kind: &str, value: serde_json::Value| {
        let event = serde_json::json!({
            "index": 0, "time": 0, "process": 1, "type": kind, "f": "write", "value": value,
        });
        format!("{event}\n")
    };
    let text = [
        format!("{}\n", serde_json::json!({"history": "metad/1", "model": "register"})),
        line("invoke", name.into()),
        line("ok", name.into()),
    ]
    .concat();
    let history = parse(name, text.as_bytes(), None).expect("it reads");
    let page = page_of(&history);
    assert!(!page.contains("<img"), "the name is escaped");
    assert!(page.contains("&lt;img src=x"), "and it is there");
    let Some(chromium) = chromium() else { return };
    let told = walk(&chromium, &page, "await press('ArrowRight'); tell(text('#details'));");
    assert!(told.contains("&lt;/script&gt;&lt;img"), "{told}");
}

/// What `cargo test --release -p metad-jepsen --test report_page -- --ignored --nocapture` measures.
#[test]
#[ignore = "measures, and judges only the size"]
#[allow(clippy::disallowed_methods, reason = "a stopwatch")]
fn a_hundred_thousand_operations() {
    let Some(chromium) = chromium() else { return };
    let shape = Shape {
        model: Kind::FileTree,
        seed: 1,
        operations: 100_000,
        clients: 20,
        unknown_per_mille: 1,
        keys: 50,
        told: Told::Everything,
        defect: None,
    };
    let mut text = String::new();
    generate(&shape, &mut |line| {
        text.push_str(&line.to_string());
        text.push('\n');
    });
    let history = parse("generated", text.as_bytes(), None).expect("it reads");
    let started = Instant::now();
    let page = page_of(&history);
    println!("checked and drawn in {:?}: {} bytes", started.elapsed(), page.len());
    assert!(page.len() < 30_000_000, "the page has {} bytes", page.len());
    // The browser's own clock is a virtual one here.
    let mut took = Vec::new();
    for zooms in [0, 200] {
        let started = Instant::now();
        let script = format!(
            "const frame = () => new Promise((done) => requestAnimationFrame(done));
             for (let n = 0; n < {zooms}; n++) {{
                const key = n % 40 < 20 ? '+' : '-';
                document.dispatchEvent(new KeyboardEvent('keydown', {{ key }}));
                await frame(); await frame();
             }}
             tell('operations drawn:', colours('body') > 3);"
        );
        let told = walk(&chromium, &page, &script);
        assert!(told.contains("operations drawn: true"), "{told}");
        took.push(started.elapsed());
    }
    println!("opened in {:?}; a zoom takes {:?}", took[0], took[1].saturating_sub(took[0]) / 200);
}
