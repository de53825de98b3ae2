//! A local Amazon Cognito for one machine: it runs the real trigger functions and answers real AWS clients.

mod args;
mod cargo;
mod cognito;
mod console;
mod disk;
mod dynamodb;
mod functions;
mod guard;
mod kept;
mod lambda;
mod launch;
mod machine;
mod mailbox;
mod messages;
mod metrics;
mod outbox;
mod page;
mod pools;
mod programs;
mod s3;
mod server;
mod shipped;
mod template;
mod watch;

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
use clap::Parser;
use tokio::net::TcpListener;
use tokio::time::timeout;

use args::{Args, Command, Place};
use cognito::{Clock, Cognito};
use console::{Banner, Console};
use disk::{Disk, DiskError};
use dynamodb::DynamoDb;
use functions::{Functions, Output, invoke_api};
use guard::Callers;
use launch::Surroundings;
use machine::Machine;
use messages::Messages;
use metrics::Board;
use outbox::Outbox;
use pools::{CLIENT_ID, CLIENT_ID_NO_PASSWORD};
use programs::{Programs, programs};
use s3::S3;
use shipped::Shipped;
use template::Template;
use watch::{Watch, WatchError};

/// Why `local` cannot run.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error(transparent)]
    Build(#[from] cargo::BuildError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    DynamoDb(#[from] dynamodb::DynamoDbError),
    #[error(transparent)]
    Function(#[from] functions::StartError),
    #[error(transparent)]
    Launch(#[from] launch::LaunchError),
    #[error("cannot listen on `{0}`: {1} (end what listens there, or choose another address with `--listen`)")]
    Listen(SocketAddr, #[source] io::Error),
    #[error("no template.yaml in this folder or its workspace: give one with `--template`")]
    NoTemplate,
    #[error(transparent)]
    Pools(#[from] pools::PoolsError),
    #[error("the system refuses what every server needs: {0}")]
    System(#[from] io::Error),
    #[error(transparent)]
    SetUp(#[from] cognito::SetUpError),
    #[error(transparent)]
    Shipped(#[from] shipped::ShippedError),
    #[error(transparent)]
    Template(#[from] template::TemplateError),
    #[error(transparent)]
    Watch(#[from] WatchError),
}

/// Everything that runs besides the main listener.
struct Running {
    template: Template,
    disk: Disk,
    functions: Arc<Functions>,
    watch: Option<Watch>,
    /// Removed when dropped.
    _shipped: Shipped,
    /// What `CHALLENGE_SECRET` is in this run.
    secret: String,
    /// Stops when dropped.
    s3: S3,
    /// Stops when dropped.
    _dynamodb: DynamoDb,
    /// Stops when dropped.
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
    let machine = Machine::this()?;
    if let Some(Command::Reset(place)) = &args.command {
        return reset(place, &machine);
    }
    let no_color = machine
        .environment
        .get("NO_COLOR")
        .is_some_and(|value| !value.is_empty());
    let console = Arc::new(Console::new(args.trace, no_color));
    let board = Arc::new(Board::default());
    let outbox = Arc::new(Outbox::default());
    // One future for all phases, so that no signal falls between two of them.
    let mut end = pin!(server::end_asked_for());
    let running = tokio::select! {
        running = launch(args, &machine, &console, &board, &outbox) => running?,
        ended = &mut end => return Ok(ended?),
    };
    let endpoint = server::endpoint(running.listener.local_addr()?);
    if !args.listen.ip().is_loopback() {
        console.warn(
            "listening beyond this machine: everyone who reaches it can sign in, create users and run the functions",
        );
    }
    let cognito = Cognito::new(
        cognito::Settings {
            region: args.region.clone(),
            issuer: args.issuer.clone().unwrap_or_else(|| endpoint.clone()),
            debug_answers: args.debug_answers,
            clock: Clock::system(),
            outbox: Arc::clone(&outbox),
        },
        &running.disk,
        running.functions.clone(),
        console.clone(),
    )?;
    pools::make(&cognito, &running.template, &args.region)?;
    let demo_user = (!args.no_demo_user)
        .then(|| {
            let chosen = args.demo_attributes.iter().cloned().collect();
            pools::add_demo_user(&cognito, &running.template, &args.region, &running.secret, &chosen)
        })
        .transpose()?;
    let pool_id = pools::pool_id(&args.region);
    let flow = launch::flow(&running.template).unwrap_or("(the functions have their own)");
    let cap = launch::variable(&running.template, "CAP_ENDPOINT");
    let shown = Arc::clone(&board);
    let router = Router::new()
        .route("/debug/metrics", get(async move || shown.answer()))
        .merge(mailbox::router(outbox))
        .merge(cognito.router())
        .merge(invoke_api(Arc::clone(&running.functions), &args.region))
        .merge(page::router(page::Config {
            endpoint: endpoint.clone(),
            pictures: running.s3.endpoint.clone(),
            widgets: page::widgets::Sources::of(flow, cap),
            region: args.region.clone(),
            user_pool_id: pool_id.clone(),
            client_id: CLIENT_ID.to_owned(),
        }));
    let without_password = launch::without_password(flow);
    console.banner(&Banner {
        endpoint: &endpoint,
        region: &args.region,
        pool_id: &pool_id,
        client_id: CLIENT_ID,
        flow,
        demo_user,
        cli_client_id: without_password.map_or(CLIENT_ID, |_| CLIENT_ID_NO_PASSWORD),
        cli_flow: without_password.unwrap_or(flow),
        elapsed: start.elapsed(),
    });
    let ended = tokio::select! {
        ended = server::serve(running.listener, Callers::Pages, router) => ended,
        ended = &mut end => ended,
        never = watching(running.watch, &running.functions, &console) => match never {},
    };
    // Dropping them would kill the processes too; this also waits until they are gone.
    let _ = timeout(Duration::from_secs(5), running.functions.shut_down()).await;
    console.metrics(&board.totals());
    Ok(ended?)
}

/// Reads the template, has the functions built and starts them.
async fn launch(
    args: &Args,
    machine: &Machine,
    console: &Arc<Console>,
    board: &Arc<Board>,
    outbox: &Arc<Outbox>,
) -> Result<Running, Stop> {
    if args.watch && args.functions_dir.is_some() {
        return Err(WatchError::Built.into());
    }
    // First, because it is the quickest to fail, and building can take minutes.
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| Stop::Listen(args.listen, error))?;
    let path = template_path(&args.place, machine)?;
    let disk = if args.ephemeral {
        Disk::none()
    } else {
        Disk::open(&kept::folder(&args.place, &path))?
    };
    let given = machine.environment.get("CHALLENGE_SECRET");
    let secret = kept::secret(&disk, given.map(String::as_str), |text| console.warn(text))?;
    let mut template = template(args, &path, &secret)?;
    let endpoint = server::endpoint(listener.local_addr()?);
    launch::set_link(&mut template, &server::on_this_machine(listener.local_addr()?));
    let Programs {
        by_id: programs,
        watch,
        shipped,
    } = programs(args, machine, &template).await?;
    let s3 = S3::start(args.listen.ip(), template.buckets.values().cloned()).await?;
    let dynamodb = DynamoDb::start(&template.tables).await?;
    let tell: Box<messages::Tell> = {
        let console = Arc::clone(console);
        Box::new(move |id, medium, to, short| {
            console.sent(medium.name(), to, short, &format!("{endpoint}/debug/mail#{id}"));
        })
    };
    let messages = Messages::start(launch::senders(&template), &args.region, Arc::clone(outbox), tell).await?;
    let inherited = ["HOME", "PATH"].map(|name| {
        (
            name.to_owned(),
            machine.environment.get(name).cloned().unwrap_or_default(),
        )
    });
    let around = Surroundings {
        region: &args.region,
        s3_endpoint: &s3.endpoint,
        dynamodb_endpoint: &dynamodb.endpoint,
        messages_endpoint: &messages.endpoint,
        access_key: &s3.access_key,
        secret_key: &s3.secret_key,
        inherited: &inherited,
        folder: &machine.folder,
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
    let functions = Functions::new(launch::specs(&template, &programs, &around), &args.region, &output);
    functions.warm_up().await?;
    Ok(Running {
        template,
        disk,
        functions: Arc::new(functions),
        watch,
        _shipped: shipped,
        secret,
        s3,
        _dynamodb: dynamodb,
        _messages: messages,
        listener,
    })
}

fn reset(place: &Place, machine: &Machine) -> Result<(), Stop> {
    let folder = match &place.data_dir {
        Some(folder) => folder.clone(),
        None => kept::folder(place, &template_path(place, machine)?),
    };
    if disk::reset(&folder)? {
        println!("Threw away what was kept in `{}`.", folder.display());
    } else {
        println!("Nothing was kept in `{}`.", folder.display());
    }
    Ok(())
}

fn template_path(place: &Place, machine: &Machine) -> Result<PathBuf, Stop> {
    let given = place.template.clone();
    given.or_else(|| machine.template()).ok_or(Stop::NoTemplate)
}

fn template(args: &Args, path: &Path, secret: &str) -> Result<Template, Stop> {
    let settings = template::Settings {
        parameters: args.parameters.iter().cloned().collect(),
        region: args.region.clone(),
        stack: "local".to_owned(),
        pool_id: pools::pool_id(&args.region),
        client_id: CLIENT_ID.to_owned(),
        secret: secret.to_owned(),
        secrets: args.secrets.iter().cloned().collect(),
        builds: args.builds(),
    };
    let mut template = Template::read(path, &settings)?;
    if let Some(flow) = &args.flow {
        launch::set_flow(&mut template, flow)?;
    }
    Ok(template)
}

async fn watching(watch: Option<Watch>, functions: &Functions, console: &Console) -> Infallible {
    match watch {
        Some(watch) => watch.run(functions, console).await,
        None => std::future::pending().await,
    }
}
