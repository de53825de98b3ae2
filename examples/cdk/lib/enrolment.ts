import { Duration } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** The properties of the enrolment. */
export interface EnrolmentProps {
  /** The function, which `SignIn` creates like its own functions. */
  readonly function: lambda.Function;
  readonly attempts: dynamodb.Table;
  readonly userPool: cognito.IUserPool;
  /** The app clients whose users may change their answers. */
  readonly clients: string[];
  readonly origins: string[];
  readonly logRetention: logs.RetentionDays;
}

const METHODS = apigateway.HttpMethod;

/** The HTTP API that lets users set the answers to their security questions: docs/enrolment.md. */
export class Enrolment extends Construct {
  /** The address of the API, for pages. */
  readonly endpoint: string;

  constructor(scope: Construct, id: string, props: EnrolmentProps) {
    super(scope, id);
    const { function: fn, userPool } = props;
    fn.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['cognito-idp:AdminGetUser', 'cognito-idp:AdminUpdateUserAttributes'],
        resources: [userPool.userPoolArn],
      }),
    );
    // The links that were used.
    fn.addToRolePolicy(
      new iam.PolicyStatement({ actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], resources: [props.attempts.tableArn] }),
    );
    const api = new apigateway.HttpApi(this, 'Api', {
      description: 'Users set the answers to their security questions here.',
      createDefaultStage: false,
      corsPreflight: props.origins.length === 0 ? undefined : {
        allowOrigins: props.origins,
        allowMethods: [apigateway.CorsHttpMethod.DELETE, apigateway.CorsHttpMethod.GET, apigateway.CorsHttpMethod.POST, apigateway.CorsHttpMethod.PUT],
        allowHeaders: ['authorization', 'content-type'],
        maxAge: Duration.minutes(10),
      },
    });
    new apigateway.HttpStage(this, 'Stage', {
      httpApi: api,
      autoDeploy: true,
      // For all users together. Links also have a limit for each user.
      throttle: { rateLimit: 10, burstLimit: 20 },
      accessLogSettings: {
        destination: new apigateway.LogGroupLogDestination(
          new logs.LogGroup(this, 'ApiLogGroup', { retention: props.logRetention }),
        ),
        // Without addresses and user agents. The function's log has the results.
        format: AccessLogFormat.custom(JSON.stringify({
          requestId: '$context.requestId',
          routeKey: '$context.routeKey',
          status: '$context.status',
          latency: '$context.responseLatency',
          error: '$context.error.message',
          authorizerError: '$context.authorizer.error',
        })),
      },
    });
    // Checks signature, issuer, expiry and client. The function checks that it is an access token, and its age.
    const accessToken = new HttpJwtAuthorizer('AccessToken', `https://${userPool.userPoolProviderName}`, {
      jwtAudience: props.clients,
    });
    const integration = new HttpLambdaIntegration('Function', fn);
    api.addRoutes({ path: '/enrolment', methods: [METHODS.GET, METHODS.PUT, METHODS.DELETE], integration, authorizer: accessToken });
    // These are for users who cannot sign in. The function checks the token of the link itself.
    api.addRoutes({ path: '/enrolment/links', methods: [METHODS.POST], integration });
    api.addRoutes({ path: '/enrolment/link', methods: [METHODS.GET, METHODS.PUT], integration });
    this.endpoint = api.apiEndpoint;
  }
}
