//! A local Amazon Cognito for one system: it runs the real trigger functions and answers real AWS clients.

mod args;
mod cargo;
mod challenge_secret;
mod console;
mod database;
mod demo_user;
mod dynamodb;
mod executables;
mod flow;
mod functions;
mod http_apis;
mod init;
mod interpreters;
mod messages;
mod metrics;
mod outbox;
mod page;
mod pools;
mod s3;
mod seed;
mod signals;
mod system;
mod template_file;
mod timeline;
mod trigger_functions;
mod watch;
mod zips;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use clap::{CommandFactory, Parser};
use lambda_host::{Functions, Output, Runtimes, invoke_api};
use listener::Callers;
use sam_template::{Deployment, Template, TemplateError};
use tokio::net::TcpListener;
use tokio::time::timeout;
use user_pools::storage::{Records, StorageError};
use user_pools::{Clock, Random, Settings, UserPools};

use args::{Args, Command, Project};
use console::{Banner, Console, DemoUser};
use database::DatabaseError;
use demo_user::DemoUserError;
use dynamodb::DynamoDb;
use executables::{Executables, executables};
use functions::Run;
use http_apis::{HttpApis, Parts};
use interpreters::InterpreterError;
use messages::Messages;
use metrics::Board;
use pools::{CLIENT_ID, CLIENT_ID_NO_PASSWORD};
use s3::S3;
use seed::SeedFile;
use system::System;
use template_file::{TemplateFileError, template_file};
use timeline::Timeline;
use trigger_functions::TriggerFunctions;
use watch::{Watch, WatchError};
use zips::Zips;

/// The reason why `local` cannot run.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error(transparent)]
    Build(#[from] cargo::BuildError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    DynamoDb(#[from] dynamodb::DynamoDbError),
    #[error(transparent)]
    Flow(#[from] flow::UnusedFlow),
    #[error(transparent)]
    Function(#[from] lambda_host::StartError),
    #[error(transparent)]
    Functions(#[from] functions::FunctionsError),
    #[error(transparent)]
    Interpreter(#[from] InterpreterError),
    #[error(transparent)]
    Init(#[from] init::InitError),
    #[error("cannot listen on `{0}`: {1} (end what listens there, or choose another address with `--listen`)")]
    Listen(SocketAddr, #[source] io::Error),
    #[error(transparent)]
    DemoUser(#[from] DemoUserError),
    #[error(transparent)]
    Pools(#[from] pools::PoolsError),
    #[error("the system does not allow to start the server: {0}")]
    System(#[from] io::Error),
    #[error(transparent)]
    SetUp(#[from] user_pools::SetUpError),
    #[error(transparent)]
    Seed(#[from] seed::SeedFileError),
    #[error(transparent)]
    Zips(#[from] zips::ZipError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    TemplateFile(#[from] TemplateFileError),
    #[error(transparent)]
    Watch(#[from] WatchError),
}

/// Everything that runs besides the main listener.
struct Running {
    template: Template,
    records: Records,
    functions: Arc<Functions>,
    watch: Option<Watch>,
    /// Deleted on drop.
    _runtimes: Runtimes,
    _zips: Zips,
    /// `CHALLENGE_SECRET` of this run.
    secret: String,
    /// Stops on drop.
    s3: S3,
    /// Stops on drop.
    _dynamodb: DynamoDb,
    /// Stops on drop.
    _messages: Messages,
    listener: TcpListener,
}

fn main() -> ExitCode {
    let start = Instant::now();
    let args = Args::parse();
    let ended = tokio::runtime::Runtime::new()
        .map_err(Stop::from)
        .and_then(|runtime| runtime.block_on(run(&args, start)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("error: {stop}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: &Args, start: Instant) -> Result<(), Stop> {
    let system = System::this()?;
    if let Some(command) = &args.command {
        return perform(command, &system);
    }
    let seeds: Vec<SeedFile> = args
        .seeds
        .iter()
        .map(|seed| SeedFile::read(seed))
        .collect::<Result<_, _>>()?;
    let no_color = system
        .environment
        .get("NO_COLOR")
        .is_some_and(|value| !value.is_empty());
    let console = Arc::new(Console::new(args.trace, no_color));
    let board = Arc::new(Board::default());
    let timeline = Arc::new(Timeline::new(Arc::clone(&console)));
    // One future for all phases, so that no signal is missed between two of them.
    let mut end = pin!(signals::end_asked_for());
    let running = tokio::select! {
        running = launch(args, &system, &console, &board, &timeline) => running?,
        ended = &mut end => return Ok(ended?),
    };
    let endpoint = listener::endpoint(running.listener.local_addr()?);
    if !args.listen.ip().is_loopback() {
        console.warn(
            "listening beyond this system: everyone that reaches it can sign in, create users and run the functions",
        );
    }
    let clock = Clock::system();
    let user_pools = UserPools::new(Settings {
        region: args.region.clone(),
        issuer: args.issuer.clone().unwrap_or_else(|| endpoint.clone()),
        debug_answers: args.debug_answers,
        clock: clock.clone(),
        random: Random::system(),
        records: running.records.clone(),
        lambda: Arc::new(TriggerFunctions(Arc::clone(&running.functions))),
        mail: timeline.clone(),
        journal: timeline.clone(),
    })?;
    pools::make(&user_pools, &running.template, &args.region)?;
    for seed in &seeds {
        console.say(&seed.apply(&user_pools, &running.template, &args.region)?);
    }
    let mut demo_user = demo_user(args, &user_pools, &running, &console)?;
    if let Some(user) = &mut demo_user {
        user.is_changed |= seeds.iter().any(|seed| seed.has(&user.name));
    }
    let pool_id = pools::pool_id(&args.region);
    let flow = flow::of(&running.template).unwrap_or("(the functions have their own)");
    let cap = flow::variable(&running.template, "CAP_ENDPOINT");
    let parts = Parts {
        lambda: Arc::new(TriggerFunctions(Arc::clone(&running.functions))),
        user_pools: user_pools.clone(),
        clock,
        console: Arc::clone(&console),
    };
    let address = running.listener.local_addr()?;
    let apis = &running.template.http_apis;
    let http_apis = HttpApis::start(apis, address, args.listen.port() == 0, &parts).await?;
    let shown = Arc::clone(&board);
    let router = Router::new()
        .route("/debug/metrics", get(async move || shown.answer()))
        .merge(outbox::http::router(timeline.outbox()))
        .merge(timeline::router(timeline, address.ip()))
        .merge(user_pools.router())
        .merge(invoke_api(Arc::clone(&running.functions), &args.region))
        .merge(page::router(page::Config {
            endpoint: endpoint.clone(),
            pictures: running.s3.endpoint.clone(),
            widgets: page::widgets::Sources::of(flow, cap),
            region: args.region.clone(),
            user_pool_id: pool_id.clone(),
            client_id: CLIENT_ID.to_owned(),
            enrolment: http_apis.with_route(apis, page::ENROLMENT).map(str::to_owned),
        }));
    let without_password = flow::without_password(flow);
    console.banner(&Banner {
        endpoint: &endpoint,
        http_apis: &http_apis.endpoints,
        region: &args.region,
        pool_id: &pool_id,
        client_id: CLIENT_ID,
        others: pools::other_clients(&running.template, &args.region),
        flow,
        demo_user,
        cli_client_id: without_password.map_or(CLIENT_ID, |_| CLIENT_ID_NO_PASSWORD),
        cli_flow: without_password.unwrap_or(flow),
        elapsed: start.elapsed(),
    });
    let ended = tokio::select! {
        ended = listener::serve(running.listener, Callers::Pages, router) => ended,
        ended = &mut end => ended,
        never = watching(running.watch, &running.functions, &console) => match never {},
    };
    // Dropping them would kill the processes too. This also waits for their end.
    let _ = timeout(Duration::from_secs(5), running.functions.shut_down()).await;
    console.metrics(&board.totals());
    Ok(ended?)
}

/// Reads the template, builds the functions and starts them.
async fn launch(
    args: &Args,
    system: &System,
    console: &Arc<Console>,
    board: &Arc<Board>,
    timeline: &Arc<Timeline>,
) -> Result<Running, Stop> {
    if args.watch && args.functions_dir.is_some() {
        return Err(WatchError::Built.into());
    }
    // This is first because it fails fast, and building can take minutes.
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| Stop::Listen(args.listen, error))?;
    let path = template_path(&args.project, system)?;
    let records = if args.ephemeral {
        Records::none()
    } else {
        database::open(&args.project.data_folder(&path))?
    };
    let given = system.environment.get("CHALLENGE_SECRET");
    let secret = challenge_secret::secret(&records, given.map(String::as_str), |text| console.warn(text))?;
    let mut template = template(args, &path, &secret)?;
    for skipped in template.skipped.iter().filter(|_| args.verbose) {
        console.say(&format!("{}: {skipped}", path.display()));
    }
    let endpoint = listener::endpoint(listener.local_addr()?);
    flow::set_link(&mut template, &listener::on_this_machine(listener.local_addr()?));
    let runtimes = Runtimes::new().map_err(InterpreterError::from)?;
    let Executables {
        by_function: programs,
        watch,
        zips,
    } = executables(args, system, &template, &runtimes).await?;
    let s3 = S3::start(args.listen.ip(), template.buckets.values().cloned()).await?;
    let dynamodb = DynamoDb::start(&template.tables).await?;
    let tell: Box<messages::Tell> = {
        let (console, endpoint, timeline) = (Arc::clone(console), endpoint.clone(), Arc::clone(timeline));
        Box::new(move |id, medium, to, short| {
            timeline.sent(id, medium, to, short);
            console.sent(medium.name(), to, short, &format!("{endpoint}/debug/mail#{id}"));
        })
    };
    let messages = Messages::start(flow::senders(&template), &args.region, timeline.outbox(), tell).await?;
    let inherited = ["HOME", "PATH"].map(|name| {
        (
            name.to_owned(),
            system.environment.get(name).cloned().unwrap_or_default(),
        )
    });
    let run = Run {
        region: &args.region,
        cognito_endpoint: &endpoint,
        s3_endpoint: &s3.endpoint,
        dynamodb_endpoint: &dynamodb.endpoint,
        messages_endpoint: &messages.endpoint,
        access_key: &s3.access_key,
        secret_key: &s3.secret_key,
        inherited: &inherited,
        folder: &system.folder,
    };
    let output: Output = {
        let (console, board) = (Arc::clone(console), Arc::clone(board));
        Arc::new(move |function, line| match serde_json::from_str(line) {
            Ok(serde_json::Value::Object(fields)) => {
                board.read(&fields);
                console.printed(function, &console::in_short(line, &fields));
            }
            _ => console.printed(function, line),
        })
    };
    let functions = Functions::new(functions::specs(&template, &programs, &run), &args.region, &output);
    functions.warm_up().await?;
    Ok(Running {
        template,
        records,
        functions: Arc::new(functions),
        watch,
        _runtimes: runtimes,
        _zips: zips,
        secret,
        s3,
        _dynamodb: dynamodb,
        _messages: messages,
        listener,
    })
}

/// Adds the demo user, unless the pool of another project rejects it.
fn demo_user(
    args: &Args,
    user_pools: &UserPools,
    running: &Running,
    console: &Console,
) -> Result<Option<DemoUser>, DemoUserError> {
    if args.no_demo_user {
        return Ok(None);
    }
    let chosen = args.demo_attributes.iter().cloned().collect();
    match demo_user::add(user_pools, &running.template, &args.region, &running.secret, &chosen) {
        Err(error @ DemoUserError::Refused(_)) if args.demo_attributes.is_empty() => {
            console.warn(&format!("there is no demo user: {error}"));
            Ok(None)
        }
        made => made.map(Some),
    }
}

/// Runs a command in place of the sign-in.
fn perform(command: &Command, system: &System) -> Result<(), Stop> {
    match command {
        Command::Completions { shell } => {
            let mut program = <Args as CommandFactory>::command();
            let name = program.get_name().to_owned();
            clap_complete::generate(*shell, &mut program, name, &mut io::stdout());
            Ok(())
        }
        Command::Init { folder, language } => {
            init::write(folder, *language)?;
            println!(
                "The project is in `{0}`. Its README.md says how to sign in.",
                folder.display()
            );
            Ok(())
        }
        Command::Reset(project) => reset(project, system),
        Command::Seed(args::Seed::Export { project, pool_id }) => {
            println!("{}", seed::exported(&folder(project, system)?, pool_id)?);
            Ok(())
        }
    }
}

fn reset(project: &Project, system: &System) -> Result<(), Stop> {
    let folder = folder(project, system)?;
    if database::reset(&folder)? {
        println!("Deleted the data in `{}`.", folder.display());
    } else {
        println!("There is no data in `{}`.", folder.display());
    }
    Ok(())
}

fn folder(project: &Project, system: &System) -> Result<PathBuf, Stop> {
    match &project.data_dir {
        Some(folder) => Ok(folder.clone()),
        None => Ok(project.data_folder(&template_path(project, system)?)),
    }
}

fn template_path(project: &Project, system: &System) -> Result<PathBuf, Stop> {
    Ok(template_file(project.template.as_deref(), system)?)
}

fn template(args: &Args, path: &Path, secret: &str) -> Result<Template, Stop> {
    let deployment = Deployment {
        parameters: args.parameters.iter().cloned().collect(),
        region: args.region.clone(),
        stack: "local".to_owned(),
        pool_id: pools::pool_id(&args.region),
        client_id: CLIENT_ID.to_owned(),
        secret: secret.to_owned(),
        secrets: args.secrets.iter().cloned().collect(),
        builds: args.builds(),
    };
    let mut template = Template::read(path, &deployment)?;
    if let Some(flow) = &args.flow {
        flow::set(&mut template, flow)?;
    }
    Ok(template)
}

async fn watching(watch: Option<Watch>, functions: &Functions, console: &Console) -> Infallible {
    match watch {
        Some(watch) => watch.run(functions, console).await,
        None => std::future::pending().await,
    }
}
