import { randomUUID } from 'node:crypto';
import { type Answer, json } from './exchange.ts';

/** Messages as quoted by IBM's clients and their users. */
const messages = {
  BXNIM0106E: 'Validation of property failed.',
  BXNIM0109E: 'Property missing or empty.',
  BXNIM0400E: 'OpenID Connect exception',
  BXNIM0407E: 'Provided token is invalid.',
  BXNIM0408E: 'Provided refresh token is expired',
  BXNIM0415E: 'Provided API key could not be found.',
  BXNIM0439E: 'Session is invalidated due to inactivity.',
  BXNIM0462E: 'Provided API key is disabled.',
  BXNIM0513E: 'Provided passcode is invalid.',
} as const;

type IamErrorCode = keyof typeof messages;

/** Returns an error of IAM. Its status is 400, also for an invalid key. */
function iamError(code: IamErrorCode, details?: string): Answer {
  const at = new Date().toUTCString();
  return json(400, {
    errorCode: code,
    errorMessage: messages[code],
    ...(details === undefined ? {} : { errorDetails: details }),
    context: {
      requestId: randomUUID().replaceAll('-', ''),
      requestType: 'incoming.Identity_Token',
      userAgent: 'sandbox',
      url: 'https://iam.cloud.ibm.com',
      instanceId: 'iamid-sandbox-1',
      threadId: '1',
      host: 'iamid-sandbox-1',
      startTime: at,
      endTime: at,
      elapsedTime: '10',
      locale: 'en_US',
      clusterName: 'sandbox',
    },
  });
}

/** A rejected grant, with IAM's response. */
export class IamRefusal extends Error {
  readonly answer: Answer;

  constructor(code: IamErrorCode, details?: string) {
    super(code);
    this.answer = iamError(code, details);
  }
}
