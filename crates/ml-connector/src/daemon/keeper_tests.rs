//! The clockwork in virtual time, with runs that do nothing but take their time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sync_engine::{Mode, Report};
use tokio::sync::mpsc;
use wire::{Clock, VirtualClock};

use super::alert::{Alerts, Trouble, Turn};
use super::ask::{Answer, Ask, Which};
use super::keeper::{Keeper, Message, Parts};
use super::listeners::News;
use super::loans::Borrower;
use super::log_pipe::LogPipe;
use super::names::{FlowId, LinkId};
use super::outlet::Outlet;
use super::worker::{Done, Failed, Task, Worker};
use crate::config::{DaemonFile, Interval, LINK_FILE};
use crate::connector::Ran;
use crate::exit::Exit;
use crate::mappers::Mappers;
use crate::stop::Stop;
use crate::wiring::Waits;

/// A world of links whose runs are only pretended.
#[derive(Debug)]
struct Pretended {
    clock: Arc<VirtualClock>,
    /// How long a run takes.
    takes: Duration,
    /// Links that fail, and links that break down.
    failing: Mutex<BTreeSet<&'static str>>,
    panicking: BTreeSet<&'static str>,
    /// Links whose runs never end.
    hanging: BTreeSet<&'static str>,
    /// How long the runs of single flows take, in pages of ten seconds.
    long: BTreeMap<&'static str, Duration>,
    /// What is left of runs that were asked to make room.
    left: Mutex<BTreeMap<FlowId, Duration>>,
    /// Links whose run is asked to make room.
    asked: Mutex<BTreeSet<LinkId>>,
    /// When runs ended that had nothing left to do.
    ended: Mutex<Vec<(Timestamp, FlowId)>>,
    log: Mutex<Vec<(Timestamp, FlowId, bool)>>,
    looked_at: Mutex<Vec<String>>,
    under_way: Mutex<BTreeMap<String, u32>>,
    /// When a link is told something, after the beginning.
    news: Mutex<BTreeMap<String, Vec<Duration>>>,
}

#[async_trait]
impl Worker for Pretended {
    async fn run(&self, task: Task) -> Done {
        let link = task.id.link.to_string();
        self.log.lock().unwrap().push((self.clock.now(), task.id.clone(), task.mode == Mode::Full));
        self.looked_at.lock().unwrap().extend(task.keys.iter().map(ToString::to_string));
        {
            let mut under_way = self.under_way.lock().unwrap();
            let runs = under_way.entry(link.clone()).or_default();
            *runs += 1;
            assert_eq!(*runs, 1, "two runs of {link} at once");
        }
        let whole = self.left(&task.id).await;
        if self.hanging.contains(link.as_str()) {
            std::future::pending::<()>().await;
        }
        *self.under_way.lock().unwrap().get_mut(&link).unwrap() -= 1;
        assert!(!self.panicking.contains(link.as_str()), "a defect");
        let failed =
            || Failed { exit: Exit::Unreachable, chain: vec!["no route".into()], hint: "wait".into() };
        let ran = || Ran {
            flow: task.id.flow.to_string(),
            report: Report::default(),
            calls: BTreeMap::new(),
            took: self.takes,
        };
        if !whole {
            let stopped = || Failed { exit: Exit::Interrupted, chain: Vec::new(), hint: String::new() };
            return Done::failed(stopped());
        }
        self.ended.lock().unwrap().push((self.clock.now(), task.id.clone()));
        let result =
            if self.failing.lock().unwrap().contains(link.as_str()) { Err(failed()) } else { Ok(ran()) };
        Done { result, standing: None, quota: BTreeMap::new(), audit: Waits::default() }
    }

    fn news(&self, id: &FlowId) -> Option<News> {
        let at = self.news.lock().unwrap().get_mut(&id.link.to_string())?.pop()?;
        let clock = self.clock.clone();
        Some(Box::pin(async move {
            clock.sleep(at.saturating_sub(clock.elapsed())).await;
            true
        }))
    }

    fn give_way(&self, link: &LinkId) {
        self.asked.lock().unwrap().insert(link.clone());
    }

    async fn release(&self, _: &LinkId) {}

    fn close(&self, _: &LinkId) {}

    fn close_idle(&self, _: Duration) {}

    fn open_links(&self) -> usize {
        0
    }
}

impl Pretended {
    /// Does what is left to do of a run; false if it was asked to make room.
    async fn left(&self, id: &FlowId) -> bool {
        let known = self.left.lock().unwrap().remove(id);
        let takes = [&*id.link.0, &*id.flow].into_iter().find_map(|name| self.long.get(name).copied());
        let mut left = known.or(takes).unwrap_or(self.takes);
        self.asked.lock().unwrap().remove(&id.link);
        while !left.is_zero() {
            let page = left.min(Duration::from_secs(10));
            self.clock.sleep(page).await;
            left -= page;
            if !left.is_zero() && self.asked.lock().unwrap().contains(&id.link) {
                self.left.lock().unwrap().insert(id.clone(), left);
                return false;
            }
        }
        true
    }
}

/// Names of links that fail.
static NAMES: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
    (0..70).map(|number| &*Box::leak(format!("l{number:02}").into_boxed_str())).collect()
});

/// Monday, 08:00 UTC.
const MONDAY: &str = "2026-11-23T08:00:00Z";

struct World {
    folder: tempfile::TempDir,
    clock: Arc<VirtualClock>,
    worker: Arc<Pretended>,
    stop: Stop,
}

impl World {
    fn new(failing: &[&'static str], panicking: &[&'static str]) -> Self {
        let clock = Arc::new(VirtualClock::new(MONDAY.parse().unwrap()));
        let worker = Pretended {
            clock: clock.clone(),
            takes: Duration::from_secs(20),
            failing: Mutex::new(failing.iter().copied().collect()),
            panicking: panicking.iter().copied().collect(),
            hanging: BTreeSet::new(),
            long: BTreeMap::new(),
            left: Mutex::default(),
            asked: Mutex::default(),
            ended: Mutex::default(),
            log: Mutex::default(),
            looked_at: Mutex::default(),
            under_way: Mutex::default(),
            news: Mutex::default(),
        };
        let folder = tempfile::tempdir().unwrap();
        Self { folder, clock, worker: Arc::new(worker), stop: Stop::default() }
    }

    fn link(&self, name: &str, schedule: &str) {
        write_link(&self.folder.path().join(name), schedule);
    }

    fn start(&self) -> (mpsc::Sender<Message>, tokio::task::JoinHandle<Exit>) {
        self.start_and_tell(Outlet::default())
    }

    fn start_and_tell(&self, outlet: Outlet) -> (mpsc::Sender<Message>, tokio::task::JoinHandle<Exit>) {
        let keeper = Keeper::new(Parts {
            root: self.folder.path().to_owned(),
            settings: DaemonFile { drain: Interval(Duration::from_secs(30)), ..DaemonFile::default() },
            mappers: Mappers::default(),
            stop: self.stop.clone(),
            clock: self.clock.clone(),
            worker: self.worker.clone(),
            alerts: Alerts::new(crate::config::AlertsTable::default(), outlet),
            log: LogPipe::to(std::io::sink()),
            telemetry_lost: Arc::default(),
        })
        .unwrap();
        (keeper.sender(), tokio::spawn(keeper.run()))
    }

    /// What runs were told to look at.
    fn looked_at(&self) -> Vec<String> {
        self.worker.looked_at.lock().unwrap().clone()
    }

    /// How long all runs of these names take.
    fn takes(&mut self, names: &[&'static str], takes: Duration) {
        let worker = Arc::get_mut(&mut self.worker).unwrap();
        worker.long.extend(names.iter().map(|name| (*name, takes)));
    }

    /// When the runs of a flow had nothing left to do, in minutes since Monday morning.
    fn ended(&self, link: &str, flow: &str) -> Vec<i64> {
        let monday: Timestamp = MONDAY.parse().unwrap();
        let ended = self.worker.ended.lock().unwrap();
        let ended = ended.iter().filter(|(_, id)| *id.link.0 == *link && *id.flow == *flow);
        ended.map(|(at, _)| at.duration_since(monday).as_mins()).collect()
    }

    /// The times at which a link ran, since Monday morning.
    fn runs(&self, link: &str) -> Vec<i64> {
        let monday: Timestamp = MONDAY.parse().unwrap();
        let log = self.worker.log.lock().unwrap();
        log.iter()
            .filter(|(_, id, _)| *id.link.0 == *link)
            .map(|(at, ..)| at.duration_since(monday).as_mins())
            .collect()
    }
}

fn write_link(folder: &Path, schedule: &str) {
    std::fs::create_dir_all(folder.join("flows")).unwrap();
    std::fs::create_dir_all(folder.join("mappings")).unwrap();
    let mapping = include_str!("../../mappings/supplier-to-account.toml");
    std::fs::write(folder.join("mappings/supplier-to-account.toml"), mapping).unwrap();
    let link = "name = \"acme\"\n[ifs]\nurl = \"http://127.0.0.1:9\"\n[ifs.auth]\nrealm = \"acme\"\nclient_id = \"ML\"\n\
                secret = { file = \"secrets/ifs\" }\n[salesforce]\nurl = \"http://127.0.0.1:9\"\n[salesforce.auth]\n\
                client_id = \"3MVG\"\nsecret = { file = \"secrets/salesforce\" }\n";
    std::fs::write(folder.join(LINK_FILE), link).unwrap();
    let flow = format!(
        "mapping = {{ file = \"mappings/supplier-to-account.toml\" }}\n\
         source = {{ system = \"ifs\", entity = \"SupplierSet\" }}\n\
         target = {{ system = \"salesforce\", entity = \"Account\" }}\n[schedule]\n{schedule}\n"
    );
    std::fs::write(folder.join("flows/suppliers.toml"), flow).unwrap();
}

async fn ask(keeper: &mpsc::Sender<Message>, ask: Ask) -> Answer {
    super::asked(keeper, ask).await.unwrap()
}

async fn status(keeper: &mpsc::Sender<Message>) -> Value {
    match ask(keeper, Ask::Status).await {
        Answer::Document(value) => value,
        other => panic!("{other:?}"),
    }
}

fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

#[tokio::test(start_paused = true)]
async fn flows_run_at_their_intervals_and_one_link_that_fails_leaves_the_others_alone() {
    let world = World::new(&["bad"], &["broken"]);
    for name in ["bad", "broken", "good"] {
        world.link(name, "every = \"5min\"");
    }
    let (keeper, running) = world.start();
    world.clock.sleep(minutes(61)).await;
    assert_eq!(world.runs("good"), (0..=60).step_by(5).collect::<Vec<i64>>());
    // Half a minute, a minute, two, four, eight, ten: rests after failures, however short the interval.
    for link in ["bad", "broken"] {
        let runs = world.runs(link);
        assert!(runs.len() < 12 && runs.len() > 6, "{link}: {runs:?}");
    }
    let status = status(&keeper).await;
    let troubles: Vec<&str> =
        status["alerts"].as_array().unwrap().iter().map(|alert| alert["link"].as_str().unwrap()).collect();
    assert_eq!(troubles, ["bad", "broken"]);
    world.stop.ask();
    assert_eq!(running.await.unwrap(), Exit::Ok);
}

#[tokio::test(start_paused = true)]
async fn one_link_that_fails_in_every_way_leaves_the_freshness_of_the_others_untouched() {
    let ways = ["failing", "broken", "hanging", "wrong"];
    let run = async |bad: &[&'static str]| {
        let mut world = World::new(&["failing"], &["broken"]);
        Arc::get_mut(&mut world.worker)
            .unwrap()
            .hanging
            .extend(bad.contains(&"hanging").then_some("hanging"));
        for name in ["good1", "good2", "good3"].iter().chain(bad) {
            world.link(name, "every = \"5min\"\nfreshness = \"7min\"");
        }
        if bad.contains(&"wrong") {
            world.link("wrong", "every = \"soon\"");
        }
        let (keeper, _running) = world.start();
        let mut oldest = 0;
        for _ in 0..120 {
            world.clock.sleep(minutes(1)).await;
            let now = status(&keeper).await;
            let links = now["links"].as_array().unwrap().iter();
            for link in links.filter(|link| link["link"].as_str().unwrap().starts_with("good")) {
                oldest = oldest.max(link["flows"][0]["age_seconds"].as_u64().unwrap());
            }
        }
        // What falls due as the two hours end may still be in the queue.
        let before = |link| world.runs(link).into_iter().filter(|minute| *minute < 120).collect::<Vec<_>>();
        (oldest, ["good1", "good2", "good3"].map(before))
    };
    let alone = run(&[]).await;
    assert_eq!(run(&ways).await, alone);
    assert!(alone.0 < 7 * 60, "{}", alone.0);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_links_share_the_places_in_the_order_in_which_their_time_came() {
    let world = World::new(&[], &[]);
    for number in 0..40 {
        world.link(&format!("l{number:02}"), "every = \"10min\"");
    }
    let (_keeper, _running) = world.start();
    // Four at a time, twenty seconds each: two hundred seconds for all forty.
    world.clock.sleep(minutes(9)).await;
    let log = world.worker.log.lock().unwrap();
    let order: Vec<String> = log.iter().map(|(_, id, _)| id.link.to_string()).collect();
    assert_eq!(order, (0..40).map(|number| format!("l{number:02}")).collect::<Vec<_>>());
    let last = log.last().unwrap().0.duration_since(MONDAY.parse().unwrap());
    assert_eq!(last.as_secs() / 10, 18);
}

#[tokio::test(start_paused = true)]
async fn long_first_loads_make_room_for_short_runs_and_come_to_their_end() {
    let mut world = World::new(&[], &[]);
    let long = ["a1", "a2", "a3", "a4", "a5", "a6"];
    world.takes(&long, minutes(60));
    let short = ["b1", "b2", "b3"];
    for name in long {
        world.link(name, "every = \"600min\"");
    }
    for name in short {
        world.link(name, "every = \"5min\"");
    }
    let (keeper, _running) = world.start();
    world.clock.sleep(minutes(60)).await;
    for name in short {
        let runs = [vec![0], world.ended(name, "suppliers"), vec![60]].concat();
        let longest = runs.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        // Five minutes, a turn of a minute, a page, and those before it.
        assert!(longest <= 8, "{name}: {runs:?}");
    }
    let alerts = &status(&keeper).await["alerts"];
    assert_eq!(alerts, &serde_json::json!([]), "what makes room has not failed");
    world.clock.sleep(minutes(60)).await;
    let ends: Vec<i64> = long.iter().flat_map(|name| world.ended(name, "suppliers")).collect();
    // Six hours of work on four places, beside the short ones.
    assert!(ends.len() == 6 && ends.iter().all(|end| (85..110).contains(end)), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn comparisons_of_everything_never_fill_all_places_and_are_not_taken_apart() {
    let mut world = World::new(&[], &[]);
    let long = ["a1", "a2", "a3", "a4"];
    for name in long {
        world.link(name, "every = \"600min\"");
    }
    world.link("b1", "every = \"5min\"");
    world.takes(&long, minutes(30));
    let (keeper, _running) = world.start();
    world.clock.sleep(minutes(45)).await;
    let before = world.worker.log.lock().unwrap().len();
    for name in long {
        let which = Which { link: Some(name.into()), flow: None };
        ask(&keeper, Ask::Run { which, full: true }).await;
    }
    world.clock.sleep(minutes(58)).await;
    let begun = world.worker.log.lock().unwrap()[before..].to_vec();
    let sweeps = begun.iter().filter(|(_, _, full)| *full).count();
    let others = begun.iter().filter(|(_, id, _)| &*id.link.0 == "b1").count();
    assert_eq!((sweeps, others), (4, 12), "two after the other, and nobody waits: {begun:?}");
}

#[tokio::test(start_paused = true)]
async fn a_long_run_makes_room_for_its_own_link_but_not_for_children_that_have_never_run() {
    for (carried, others) in [(true, 6..=8), (false, 0..=0)] {
        let mut world = World::new(&[], &[]);
        world.takes(&["parents"], minutes(40));
        let folder = world.folder.path().join("acme");
        write_link(&folder, "every = \"5min\"");
        let flow = std::fs::read_to_string(folder.join("flows/suppliers.toml")).unwrap();
        std::fs::remove_file(folder.join("flows/suppliers.toml")).unwrap();
        for name in ["parents", "zchildren"] {
            std::fs::write(folder.join(format!("flows/{name}.toml")), &flow).unwrap();
        }
        if carried {
            std::fs::create_dir(folder.join("data")).unwrap();
            let last = r#"{"began":"2026-11-23T07:59:00Z","ended":"2026-11-23T07:59:30Z","failures":0,"lasting":false}"#;
            let memory = format!(
                r#"{{"flows":{{"zchildren":{{"changes":{last},"carried":"2026-11-23T07:59:00Z"}}}}}}"#
            );
            std::fs::write(folder.join("data/schedule.json"), memory).unwrap();
        }
        let (_keeper, _running) = world.start();
        world.clock.sleep(minutes(39)).await;
        let runs = world.ended("acme", "zchildren").len();
        assert!(others.contains(&runs), "{runs}");
        world.clock.sleep(minutes(9)).await;
        assert!(!world.ended("acme", "parents").is_empty() && !world.ended("acme", "zchildren").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_stop_cut_short_goes_on_at_once_after_a_restart() {
    let mut world = World::new(&[], &[]);
    world.takes(&["acme"], minutes(10));
    world.link("acme", "every = \"60min\"");
    std::fs::create_dir(world.folder.path().join("acme/data")).unwrap();
    let (keeper, running) = world.start();
    world.clock.sleep(minutes(1)).await;
    // The clockwork asks the systems' runs by the stop itself; this pretended one is asked by hand.
    world.worker.asked.lock().unwrap().insert(LinkId("acme".into()));
    ask(&keeper, Ask::Drain).await;
    assert_eq!(running.await.unwrap(), Exit::Ok);
    let again = World { stop: Stop::default(), ..world };
    let (keeper, _running) = again.start();
    again.clock.sleep(Duration::from_secs(1)).await;
    let flow = status(&keeper).await["links"][0]["flows"][0].clone();
    assert_eq!(flow["running"]["why"], "goes on where it was stopped", "{flow}");
    assert_eq!(flow["failures"], 0);
    again.clock.sleep(minutes(9)).await;
    assert_eq!(again.ended("acme", "suppliers"), [10]);
}

async fn lend(keeper: &mpsc::Sender<Message>, world: &World, who: &str) -> Value {
    let borrower = Borrower { folder: world.folder.path().join("acme"), who: who.into() };
    match ask(keeper, Ask::Lend(borrower)).await {
        Answer::Document(value) => value,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_lent_rests_until_it_comes_back_or_its_borrower_is_gone() {
    let world = World::new(&[], &[]);
    world.link("acme", "every = \"5min\"");
    world.link("other", "every = \"5min\"");
    let (keeper, _running) = world.start();
    world.clock.sleep(minutes(1)).await;
    assert_eq!(lend(&keeper, &world, "plan").await["lent"], false, "its files are still open");
    for _ in 0..60 {
        world.clock.sleep(Duration::from_secs(10)).await;
        assert_eq!(lend(&keeper, &world, "plan").await["lent"], true);
    }
    assert_eq!(lend(&keeper, &world, "run").await, serde_json::json!({ "lent": false, "to": "plan" }));
    assert_eq!(status(&keeper).await["links"][0]["lent_to"], "plan");
    assert_eq!((world.runs("acme"), world.runs("other")), (vec![0], vec![0, 5, 10]));
    let borrower = |who: &str| Borrower { folder: world.folder.path().join("acme"), who: who.into() };
    ask(&keeper, Ask::Return(borrower("run"))).await;
    world.clock.sleep(Duration::from_secs(5)).await;
    assert_eq!(world.runs("acme"), [0], "it was not his");
    ask(&keeper, Ask::Return(borrower("plan"))).await;
    world.clock.sleep(Duration::from_secs(30)).await;
    assert_eq!(world.runs("acme"), [0, 11]);
    // Its borrower is killed.
    lend(&keeper, &world, "plan").await;
    world.clock.sleep(minutes(6)).await;
    assert_eq!(world.runs("acme"), [0, 11, 16]);
    let unknown = Borrower { folder: world.folder.path().join("none"), who: "plan".into() };
    assert!(matches!(ask(&keeper, Ask::Lend(unknown)).await, Answer::Missing(_)));
}

#[tokio::test(start_paused = true)]
async fn who_wants_a_link_waits_for_a_page_and_not_for_the_run() {
    let mut world = World::new(&[], &[]);
    world.takes(&["acme"], minutes(60));
    world.link("acme", "every = \"600min\"");
    let (keeper, _running) = world.start();
    world.clock.sleep(Duration::from_secs(15)).await;
    assert_eq!(lend(&keeper, &world, "plan").await["running"], "suppliers");
    world.clock.sleep(Duration::from_secs(6)).await;
    lend(&keeper, &world, "plan").await;
    world.clock.sleep(Duration::from_millis(50)).await;
    assert_eq!(lend(&keeper, &world, "plan").await["lent"], true);
    world.clock.sleep(minutes(59)).await;
    assert_eq!(world.ended("acme", "suppliers").len(), 0);
    world.clock.sleep(minutes(2)).await;
    // The loan ran out after half a minute, and what was done before it was not done again.
    assert_eq!(world.ended("acme", "suppliers"), [60]);
}

#[tokio::test(start_paused = true)]
async fn jumps_of_the_wall_clock_neither_lose_nor_repeat_runs() {
    let world = World::new(&[], &[]);
    world.link("acme", "every = \"5min\"");
    let (keeper, _running) = world.start();
    world.clock.sleep(minutes(11)).await;
    assert_eq!(world.runs("acme").len(), 3);
    // A day back: the next run comes within five minutes, not in a day.
    world.clock.jump(-86_400_000);
    world.clock.sleep(minutes(11)).await;
    let runs = world.runs("acme").len();
    assert!((5..=6).contains(&runs), "{runs}");
    // An hour on: one run makes up for all.
    world.clock.jump(3_600_000);
    world.clock.sleep(minutes(4)).await;
    assert_eq!(world.runs("acme").len(), runs + 1);
    let Answer::Text(metrics) = ask(&keeper, Ask::Metrics).await else { panic!() };
    assert!(metrics.contains("mlc_clock_moved_total 2"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_runs_at_once_and_what_is_paused_does_not_run() {
    let world = World::new(&[], &[]);
    world.link("acme", "every = \"60min\"");
    let (keeper, _running) = world.start();
    world.clock.sleep(minutes(10)).await;
    ask(&keeper, Ask::Run { which: Which::default(), full: true }).await;
    world.clock.sleep(minutes(1)).await;
    assert_eq!(world.runs("acme"), [0, 10]);
    assert!(world.worker.log.lock().unwrap()[1].2, "everything was to be compared");
    ask(&keeper, Ask::Pause(Which::default())).await;
    world.clock.sleep(minutes(120)).await;
    assert_eq!(world.runs("acme"), [0, 10]);
    assert_eq!(status(&keeper).await["links"][0]["flows"][0]["state"], "paused");
    ask(&keeper, Ask::Resume(Which::default())).await;
    world.clock.sleep(minutes(1)).await;
    assert_eq!(world.runs("acme").len(), 3);
    let unknown = Which { link: None, flow: Some("x".into()) };
    assert!(matches!(ask(&keeper, Ask::Pause(unknown)).await, Answer::Missing(_)));
}

#[tokio::test(start_paused = true)]
async fn what_has_changed_starts_a_run_early_and_is_looked_at_until_one_went_well() {
    let world = World::new(&[], &[]);
    world.link("acme", "every = \"60min\"");
    let (keeper, _running) = world.start();
    world.clock.sleep(minutes(10)).await;
    let look = |keys: &[&str]| Ask::Look {
        which: Which { link: None, flow: Some("suppliers".into()) },
        keys: keys.iter().map(|key| mapping::Key::from(*key)).collect(),
    };
    for keys in [&["S1", "S2"][..], &["S2"], &[]] {
        ask(&keeper, look(keys)).await;
    }
    world.clock.sleep(Duration::from_secs(2)).await;
    assert_eq!(status(&keeper).await["links"][0]["flows"][0]["running"]["why"], "something has changed");
    world.clock.sleep(minutes(1)).await;
    assert_eq!(
        (world.runs("acme"), world.looked_at()),
        (vec![0, 10], vec!["S1".to_owned(), "S2".to_owned()]),
        "said thrice, run once"
    );

    world.worker.failing.lock().unwrap().insert("acme");
    ask(&keeper, look(&["S3"])).await;
    world.clock.sleep(Duration::from_secs(25)).await;
    world.worker.failing.lock().unwrap().clear();
    ask(&keeper, look(&["S4"])).await;
    // The failed run rests as always, and the next one has both.
    world.clock.sleep(Duration::from_secs(10)).await;
    assert_eq!(world.looked_at(), ["S1", "S2", "S3"]);
    world.clock.sleep(minutes(1)).await;
    assert_eq!(world.looked_at(), ["S1", "S2", "S3", "S3", "S4"]);
    let many: Vec<String> = (0..=10_000).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(ask(&keeper, look(&many)).await, Answer::Full);
}

#[tokio::test(start_paused = true)]
async fn a_right_configuration_is_taken_up_and_a_wrong_one_leaves_the_old_one() {
    let world = World::new(&[], &[]);
    world.link("acme", "every = \"60min\"");
    let (keeper, _running) = world.start();
    world.clock.sleep(minutes(1)).await;
    world.link("acme", "every = \"soon\"");
    ask(&keeper, Ask::Reload).await;
    let now = status(&keeper).await;
    assert!(now["links"][0]["wrong"].as_str().unwrap().contains("soon"), "{now}");
    world.clock.sleep(minutes(60)).await;
    assert_eq!(world.runs("acme"), [0, 60]);
    world.link("acme", "every = \"10min\"");
    world.link("second", "every = \"10min\"");
    ask(&keeper, Ask::Reload).await;
    world.clock.sleep(minutes(20)).await;
    assert_eq!(world.runs("acme"), [0, 60, 70, 80]);
    assert_eq!(world.runs("second").len(), 2);
    std::fs::remove_dir_all(world.folder.path().join("second")).unwrap();
    ask(&keeper, Ask::Reload).await;
    assert_eq!(status(&keeper).await["links"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_runs_but_not_for_ever() {
    for (takes, exit) in [(20, Exit::Ok), (600, Exit::Interrupted)] {
        let mut world = World::new(&[], &[]);
        Arc::get_mut(&mut world.worker).unwrap().takes = Duration::from_secs(takes);
        world.link("acme", "every = \"60min\"");
        let (keeper, running) = world.start();
        world.clock.sleep(Duration::from_secs(1)).await;
        ask(&keeper, Ask::Drain).await;
        assert!(matches!(ask(&keeper, Ask::Ready).await, Answer::Refused(_)));
        let before = world.clock.elapsed();
        assert_eq!(running.await.unwrap(), exit);
        assert!(world.clock.elapsed() <= before + Duration::from_secs(31));
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_after_downtime_makes_up_once_and_what_is_remembered_outlives_it() {
    let world = World::new(&[], &[]);
    world.link("acme", "every = \"30min\"");
    // There is something to remember in as soon as a link was run.
    std::fs::create_dir(world.folder.path().join("acme/data")).unwrap();
    let (keeper, running) = world.start();
    world.clock.sleep(minutes(1)).await;
    ask(&keeper, Ask::Drain).await;
    running.await.unwrap();
    let down = SignedDuration::from_hours(9);
    world.clock.sleep(Duration::try_from(down).unwrap()).await;
    let again = World { stop: Stop::default(), ..world };
    let (keeper, _running) = again.start();
    again.clock.sleep(Duration::from_secs(5)).await;
    let now = status(&keeper).await;
    let why = now["links"][0]["flows"][0]["running"]["why"].as_str().unwrap().to_owned();
    assert!(why.starts_with("makes up for 18 missed"), "{why}");
    again.clock.sleep(minutes(29)).await;
    assert_eq!(again.runs("acme").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_notice_when_it_begins_and_one_when_it_is_over_however_many_runs_fail() {
    let world = World::new(&["acme"], &[]);
    world.link("acme", "every = \"5min\"");
    let (outlet, mut heard) = Outlet::heard();
    let (_keeper, _running) = world.start_and_tell(outlet);
    world.clock.sleep(minutes(120)).await;
    world.worker.failing.lock().unwrap().clear();
    world.clock.sleep(minutes(20)).await;
    let mut turns = Vec::new();
    while let Ok(notice) = heard.try_recv() {
        turns.push((notice.raised.trouble, notice.state));
    }
    assert_eq!(turns, [(Trouble::Failing, Turn::Raised), (Trouble::Failing, Turn::Cleared)]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_hangs_holds_up_nothing_and_what_is_lost_is_counted() {
    let world = World::new(&[], &[]);
    // Seventy links that fail at once, and nobody who takes a notice.
    for number in 0..70 {
        world.link(&format!("l{number:02}"), "every = \"5min\"");
    }
    world.worker.failing.lock().unwrap().extend(NAMES.iter().copied());
    let (outlet, _unheard) = Outlet::heard();
    let (keeper, _running) = world.start_and_tell(outlet);
    world.clock.sleep(minutes(90)).await;
    let Answer::Text(metrics) = ask(&keeper, Ask::Metrics).await else { panic!() };
    assert!(metrics.contains("mlc_alerts_raised{trouble=\"failing\"} 70"), "{metrics}");
    assert!(metrics.contains("mlc_notices_total{result=\"lost\"} 6"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_no_good_run_served_is_missed() {
    let world = World::new(&["acme"], &[]);
    world.link(
        "acme",
        "every = \"60min\"\n[[schedule.deadlines]]\nname = \"orders\"\nbefore = \"09:00\"\nby = \"09:15\"",
    );
    let (keeper, _running) = world.start();
    world.clock.sleep(minutes(70)).await;
    assert_eq!(status(&keeper).await["links"][0]["flows"][0]["deadlines"][0]["verdict"], "pending");
    world.clock.sleep(minutes(7)).await;
    let now = status(&keeper).await;
    let troubles: Vec<&str> =
        now["alerts"].as_array().unwrap().iter().map(|alert| alert["trouble"].as_str().unwrap()).collect();
    assert_eq!(troubles, ["failing", "deadline"], "{now}");
}

#[tokio::test(start_paused = true)]
async fn what_a_system_tells_runs_at_once_unless_the_flow_is_paused() {
    let world = World::new(&[], &[]);
    world.link("acme", "every = \"60min\"");
    // Taken from the end: after each run the link is listened to anew.
    let told = [130, 25, 10].map(minutes).to_vec();
    world.worker.news.lock().unwrap().insert("acme".into(), told);
    let (keeper, _running) = world.start();
    world.clock.sleep(minutes(30)).await;
    assert_eq!(world.runs("acme"), [0, 10, 25], "told twice");
    world.clock.sleep(minutes(60)).await;
    assert_eq!(world.runs("acme"), [0, 10, 25, 85], "and by its schedule");
    ask(&keeper, Ask::Pause(Which::default())).await;
    world.clock.sleep(minutes(60)).await;
    assert_eq!(world.runs("acme").len(), 4);
}
