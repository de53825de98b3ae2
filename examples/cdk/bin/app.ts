import { App, Stack } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';

import { SignIn } from '../lib/sign-in';

const app = new App();
const stack = new Stack(app, 'SignIn', { description: 'A user pool that asks for a password, a CAPTCHA and a security question.' });
new SignIn(stack, 'SignIn', {
  // `dist/` of a release, or of `python3 .ci/dist.py`.
  artifacts: app.node.tryGetContext('artifacts') ?? '../../dist',
  architecture: app.node.tryGetContext('architecture') === 'x86_64' ? Architecture.X86_64 : Architecture.ARM_64,
  existingUserPoolId: app.node.tryGetContext('existingUserPoolId'),
});
