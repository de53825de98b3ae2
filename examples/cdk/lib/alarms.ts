import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

/** The functions to watch, and the target of alarms. */
export interface AlarmsProps {
  readonly define: lambda.Function;
  readonly create: lambda.Function;
  readonly verify: lambda.Function;
  readonly tokens: lambda.Function;
  readonly topic?: sns.ITopic;
  /** Denied sign-ins within five minutes that raise an alarm. */
  readonly denials: number;
}

const PERIOD = Duration.minutes(5);

/** The alarms of template.yaml. docs/operating.md explains what to do about each. */
export class Alarms extends Construct {
  /** The alarms that stop a roll-out. */
  readonly ofRollOuts: cloudwatch.Alarm[];
  private readonly topic?: sns.ITopic;

  constructor(scope: Construct, id: string, { define, create, verify, tokens, topic, denials }: AlarmsProps) {
    super(scope, id);
    this.topic = topic;
    this.ofRollOuts = [
      // `Tokens` covers pre-token-generation, whose denials are errors too.
      this.alarm('Errors', 'A function fails, and the user who signs in sees an error.', 1,
        together('SUM', 'Errors', 'Sum', { define, create, verify })),
      this.alarm('Tokens', 'pre-token-generation fails or denies tokens. If it always fails, so does every sign-in and refresh.', 1,
        ofLambda('Errors', 'Sum', tokens)),
      this.alarm('Throttles', 'Lambda throttles a function, because too many run at the same time.', 1,
        together('SUM', 'Throttles', 'Sum', { define, create, verify, tokens })),
      this.tooLong('Duration', 'A function takes almost the five seconds that Cognito allows.',
        together('MAX', 'Duration', 'p99', { define, create, verify, tokens })),
    ];
    this.alarm('Fallbacks', 'S3 is late or rejects requests, so pictures are sent inline.', 3,
      ofOurs('InlineFallbacks', create, Duration.minutes(15)));
    this.alarm('Attempts', 'Answers cannot be counted, and are wrong.', 3, ofOurs('AttemptsUnreachable', verify));
    this.alarm('CannotJudge', 'A challenge type cannot check answers.', 3, ofOurs('CannotJudge', verify));
    this.alarm('Denials', 'Many sign-ins are denied.', denials, ofOurs('Denied', define));
  }

  /** Adds the alarms of the enrolment. */
  watchEnrolment(enrolment: lambda.Function, refusals: number) {
    this.alarm('EnrolmentErrors', 'The enrolment fails, and users see an error of the API.', 1,
      ofLambda('Errors', 'Sum', enrolment));
    this.alarm('EnrolmentThrottles', 'Lambda does not run the enrolment, because too many functions run already.', 1,
      ofLambda('Throttles', 'Sum', enrolment));
    this.tooLong('EnrolmentDuration', 'The enrolment comes near its time limit of five seconds.',
      ofLambda('Duration', 'p99', enrolment));
    this.alarm('EnrolmentRefusals', 'Many requests to the enrolment are refused, such as links that are guessed.', refusals,
      ofOurs('EnrolmentsRefused', enrolment));
  }

  private tooLong(id: string, alarmDescription: string, metric: cloudwatch.IMetric) {
    return this.alarm(id, alarmDescription, 4000, metric, cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD);
  }

  private alarm(
    id: string,
    alarmDescription: string,
    threshold: number,
    metric: cloudwatch.IMetric,
    comparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  ): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription,
      metric,
      threshold,
      comparisonOperator,
      evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    if (this.topic !== undefined) {
      alarm.addAlarmAction(new SnsAction(this.topic));
    }
    return alarm;
  }
}

/** Returns a metric of Lambda. */
function ofLambda(metricName: string, statistic: string, fn: lambda.Function): cloudwatch.Metric {
  return fn.metric(metricName, { statistic, period: PERIOD });
}

/** Returns a metric of Lambda that combines several functions. */
function together(how: string, metricName: string, statistic: string, functions: Record<string, lambda.Function>) {
  const metrics = Object.entries(functions).map(([name, fn]) => [name, ofLambda(metricName, statistic, fn)]);
  return new cloudwatch.MathExpression({
    expression: `${how}([${Object.keys(functions).join(', ')}])`,
    label: metricName,
    usingMetrics: Object.fromEntries(metrics),
    period: PERIOD,
  });
}

/** Returns a metric that a function writes itself. */
function ofOurs(metricName: string, fn: lambda.Function, period = PERIOD): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: 'CustomAuthChallenge',
    metricName,
    dimensionsMap: { function: fn.functionName },
    statistic: 'Sum',
    period,
  });
}
