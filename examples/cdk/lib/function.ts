import * as path from 'node:path';

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** The properties in which the functions differ. */
export interface FunctionProps {
  readonly artifacts: string;
  readonly architecture: lambda.Architecture;
  readonly memorySize: number;
  readonly logRetention: logs.RetentionDays;
  readonly environment: Record<string, string>;
}

/** Creates the function `name` from its zip in a release, with its own log and role. */
export function makeFunction(scope: Construct, name: string, props: FunctionProps): lambda.Function {
  const id = name.replace(/(^|-)([a-z])/g, (_, _hyphen, letter: string) => letter.toUpperCase());
  const logGroup = new logs.LogGroup(scope, `${id}LogGroup`, {
    retention: props.logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // The CDK's own role could write to every log of the account.
  const role = new iam.Role(scope, `${id}Role`, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  role.addToPolicy(
    new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] }),
  );
  return new lambda.Function(scope, `${id}Function`, {
    runtime: lambda.Runtime.PROVIDED_AL2023,
    handler: 'bootstrap',
    code: lambda.Code.fromAsset(path.join(props.artifacts, `${name}-${props.architecture.name}.zip`)),
    architecture: props.architecture,
    memorySize: props.memorySize,
    // Cognito waits five seconds for a trigger, even if this value is higher.
    timeout: Duration.seconds(5),
    role,
    logGroup,
    loggingFormat: lambda.LoggingFormat.JSON,
    // The line of each invocation contains its metrics, and Lambda drops lines below the level.
    applicationLogLevelV2: lambda.ApplicationLogLevel.INFO,
    environment: props.environment,
    // A roll-back points the alias at a previous version.
    currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
  });
}
