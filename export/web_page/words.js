// What went wrong, as the person in front of the page should read it.

const CAMERA = {
  NotAllowedError:
    'The camera is not allowed for this page. Allow it beside the address, or in the settings of the system, ' +
    'and try again. A picture or film can be opened without it.',
  NotFoundError: 'No camera was found. Plug one in and try again, or open a picture or film.',
  NotReadableError: 'The camera is in use by another program. Close that and try again.',
  OverconstrainedError: 'The camera cannot give such a picture. Try the other one.',
  AbortError: 'The camera stopped while it was being opened. Try again.',
};

/** Why there is no camera. */
export function cameraTrouble(error) {
  if (!window.isSecureContext || !navigator.mediaDevices) {
    return (
      'Browsers give a camera only to addresses that begin with https:// and to localhost, ' +
      `not to ${location.origin}. A picture or film can be opened all the same.`
    );
  }
  return CAMERA[error.name] ?? `The camera cannot be opened: ${error.message}`;
}

/** Why a file cannot be shown. */
export function fileTrouble(file) {
  const kind = file.type || 'a kind that this browser does not know';
  return `${file.name} cannot be shown here (${kind}). JPEG, PNG, WebP, MP4 and WebM work in most browsers.`;
}

/** Why nothing is painted. */
export function painterTrouble(error) {
  const text = String(error?.message ?? error);
  if (/memory|allocat/i.test(text)) return 'There is not enough memory for this size. Choose a smaller one.';
  return `The painting stopped: ${text.split('\n')[0].slice(0, 200)}`;
}
