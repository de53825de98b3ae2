import { CfnOutput, Duration, RemovalPolicy, SecretValue, Stack } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as codedeploy from 'aws-cdk-lib/aws-codedeploy';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

import { Alarms } from './alarms';
import { Enrolment } from './enrolment';
import { makeFunction } from './function';

/** The properties of a sign-in. */
export interface SignInProps {
  /** The folder with the zips of the functions: `dist/` of a release. */
  readonly artifacts: string;
  /** The processor of the functions. The folder must have zips for it. By default arm64. */
  readonly architecture?: lambda.Architecture;
  /** The steps of a sign-in. By default `PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3`. */
  readonly authFlow?: string;
  /** Minutes that a user has for each answer, from 3 to 15. By default 3. */
  readonly authSessionMinutes?: number;
  /** The id of an existing user pool, which `admin/pool.py attach` then changes. By default, a new pool is created. */
  readonly existingUserPoolId?: string;
  /** App clients of the existing pool whose users may change their answers. If empty, the pool has no enrolment. */
  readonly enrolmentClients?: string[];
  /** Origins of the pages that may call the API of the enrolment. By default none. */
  readonly enrolmentOrigins?: string[];
  /** More variables of create, such as `TURNSTILE_SITE_KEY`: see docs/reference.md. */
  readonly createEnvironment?: Record<string, string>;
  /** More variables of verify. */
  readonly verifyEnvironment?: Record<string, string>;
  /** More variables of the enrolment. */
  readonly enrolmentEnvironment?: Record<string, string>;
  /** The version of the secret for the functions, during a rotation. By default the current one. */
  readonly secretVersion?: string;
  /** The speed at which a new version receives all calls. By default, it receives them at once. */
  readonly rollOut?: codedeploy.ILambdaDeploymentConfig;
  /** The topic that receives the alarms. By default none. */
  readonly alarmTopic?: sns.ITopic;
  /** Denied sign-ins within five minutes that raise an alarm. By default 50. */
  readonly alarmDenials?: number;
  /** The retention of the logs. By default one month. */
  readonly logRetention?: logs.RetentionDays;
}

const AUTH_FLOW = 'PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3';

/** The functions of the challenges, the user pool that calls them, and their resources. */
export class SignIn extends Construct {
  /** The new pool, or the existing one. */
  readonly userPool: cognito.IUserPool;
  /** The app client of a new pool. */
  readonly client?: cognito.UserPoolClient;
  /** The aliases that Cognito calls, by trigger. */
  readonly triggers: Record<'define' | 'create' | 'verify' | 'tokens', lambda.Alias>;
  /** The API by which users set their answers, if the flow asks for them. */
  readonly enrolment?: Enrolment;

  constructor(scope: Construct, id: string, props: SignInProps) {
    super(scope, id);
    const authFlow = props.authFlow ?? AUTH_FLOW;
    const sessionMinutes = props.authSessionMinutes ?? 3;
    const denials = props.alarmDenials ?? 50;
    const logRetention = props.logRetention ?? logs.RetentionDays.ONE_MONTH;

    // The enrolled answers are hashed with it. Without it, no enrolled answer is right.
    const secret = new secretsmanager.Secret(this, 'ChallengeSecret', {
      description: 'Key material of the sign-in challenges.',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // A reference that CloudFormation resolves: the template does not contain the secret.
    const secretValue = SecretValue.secretsManager(secret.secretArn, { versionId: props.secretVersion }).unsafeUnwrap();
    // A new table resets all counts of wrong answers. Sign-ins work without the old counts.
    const attempts = new dynamodb.Table(this, 'AttemptsTable', {
      partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expires',
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const pictures = new s3.Bucket(this, 'CaptchaBucket', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(1), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: RemovalPolicy.DESTROY,
    });

    const architecture = props.architecture ?? lambda.Architecture.ARM_64;
    const make = (name: string, memorySize: number, environment: Record<string, string> = {}) =>
      makeFunction(this, name, {
        artifacts: props.artifacts,
        architecture,
        memorySize,
        logRetention,
        environment: { AUTH_FLOW: authFlow, AUTH_SESSION_MINUTES: `${sessionMinutes}`, ...environment },
      });
    const define = make('define-auth-challenge', 128);
    const create = make('create-auth-challenge', 512, {
      CAPTCHA_BUCKET: pictures.bucketName,
      CHALLENGE_SECRET: secretValue,
      ...props.createEnvironment,
    });
    // Hashing an answer needs 19 MiB, and at most 0.12 s with this memory: see docs/performance.md.
    const verify = make('verify-auth-challenge', 512, {
      ATTEMPTS_TABLE: attempts.tableName,
      CHALLENGE_SECRET: secretValue,
      ...props.verifyEnvironment,
    });
    const tokens = make('pre-token-generation', 128);
    // Not `grantPut` and the like, which allow more than the functions need. GetObject, because a presigned URL has the
    // permissions of its signer.
    create.addToRolePolicy(
      new iam.PolicyStatement({ actions: ['s3:GetObject', 's3:PutObject'], resources: [pictures.arnForObjects('captcha/*')] }),
    );
    verify.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem'],
        resources: [attempts.tableArn],
      }),
    );

    const alias = (fn: lambda.Function) => new lambda.Alias(fn, 'Live', { aliasName: 'live', version: fn.currentVersion });
    this.triggers = { define: alias(define), create: alias(create), verify: alias(verify), tokens: alias(tokens) };
    if (props.existingUserPoolId === undefined) {
      const pool = this.newPool();
      this.userPool = pool;
      this.client = this.newClient(pool, sessionMinutes);
    } else {
      this.userPool = this.existingPool(props.existingUserPoolId);
    }

    const alarms = new Alarms(this, 'Alarms', { define, create, verify, tokens, topic: props.alarmTopic, denials });
    if (props.rollOut !== undefined) {
      for (const alias of Object.values(this.triggers)) {
        new codedeploy.LambdaDeploymentGroup(alias, 'RollOut', {
          alias,
          deploymentConfig: props.rollOut,
          alarms: alarms.ofRollOuts,
        });
      }
    }
    const clients = this.client ? [this.client.userPoolClientId] : (props.enrolmentClients ?? []);
    if (authFlow.includes('SECURITY_QUESTION') && clients.length > 0) {
      // The hashes of all answers are computed at the same time, 19 MiB each.
      const enrolment = make('enrolment', 512, {
        ATTEMPTS_TABLE: attempts.tableName,
        CHALLENGE_SECRET: secretValue,
        ENROLMENT_CLIENTS: clients.join(','),
        USER_POOL_ID: this.userPool.userPoolId,
        ...props.enrolmentEnvironment,
      });
      this.enrolment = new Enrolment(this, 'Enrolment', {
        function: enrolment,
        attempts,
        userPool: this.userPool,
        clients,
        origins: props.enrolmentOrigins ?? [],
        logRetention,
      });
      alarms.watchEnrolment(enrolment, denials);
    }
    this.outputs(secret, attempts);
  }

  private newPool(): cognito.UserPool {
    return new cognito.UserPool(this, 'UserPool', {
      // Accounts cannot be restored.
      removalPolicy: RemovalPolicy.RETAIN,
      deletionProtection: true,
      signInAliases: { username: true, email: true },
      autoVerify: { email: true },
      signInCaseSensitive: false,
      // A user that signs up alone has no verified address for a link, and so could never enroll.
      selfSignUpEnabled: false,
      accountRecovery: cognito.AccountRecovery.EMAIL_ONLY,
      // With MFA, Cognito may issue tokens after its own code without the challenges.
      mfa: cognito.Mfa.OFF,
      passwordPolicy: {
        minLength: 12,
        requireLowercase: true,
        requireDigits: true,
        requireSymbols: true,
        requireUppercase: true,
        tempPasswordValidity: Duration.days(3),
      },
      // JSON that maps question ids to hashed answers. No client may read or write it.
      customAttributes: { security_questions: new cognito.StringAttribute({ mutable: true, maxLen: 2048 }) },
      // Also allows the pool, and no other, to call the aliases.
      lambdaTriggers: {
        defineAuthChallenge: this.triggers.define,
        createAuthChallenge: this.triggers.create,
        verifyAuthChallengeResponse: this.triggers.verify,
        // After NEW_PASSWORD_REQUIRED, Cognito issues tokens without calling define. This function denies them.
        preTokenGeneration: this.triggers.tokens,
      },
    });
  }

  private newClient(pool: cognito.UserPool, sessionMinutes: number): cognito.UserPoolClient {
    return pool.addClient('Client', {
      generateSecret: false,
      // Every other authentication flow issues tokens without the challenges. The CDK adds the refresh of tokens.
      authFlows: { custom: true },
      disableOAuth: true,
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      authSessionValidity: Duration.minutes(sessionMinutes),
      readAttributes: new cognito.ClientAttributes().withStandardAttributes({
        email: true, emailVerified: true, locale: true, fullname: true,
      }),
      // Not email: it is used to sign in and to recover the account, so a stolen token must not change it.
      writeAttributes: new cognito.ClientAttributes().withStandardAttributes({ locale: true, fullname: true }),
    });
  }

  private existingPool(id: string): cognito.IUserPool {
    const pool = cognito.UserPool.fromUserPoolId(this, 'UserPool', id);
    for (const alias of Object.values(this.triggers)) {
      alias.addPermission('Cognito', {
        principal: new iam.ServicePrincipal('cognito-idp.amazonaws.com'),
        sourceArn: pool.userPoolArn,
      });
    }
    return pool;
  }

  /** The outputs of the stack, as `admin` and `admin/pool.py` expect them. */
  private outputs(secret: secretsmanager.Secret, attempts: dynamodb.Table) {
    const values: Record<string, string | undefined> = {
      AttemptsTableName: attempts.tableName,
      CreateAuthChallengeArn: this.triggers.create.functionArn,
      DefineAuthChallengeArn: this.triggers.define.functionArn,
      EnrolmentEndpoint: this.enrolment?.endpoint,
      PreTokenGenerationArn: this.triggers.tokens.functionArn,
      Region: Stack.of(this).region,
      SecretArn: secret.secretArn,
      UserPoolClientId: this.client?.userPoolClientId,
      UserPoolId: this.client && this.userPool.userPoolId,
      VerifyAuthChallengeArn: this.triggers.verify.functionArn,
    };
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined) {
        new CfnOutput(this, name, { value }).overrideLogicalId(name);
      }
    }
  }
}
