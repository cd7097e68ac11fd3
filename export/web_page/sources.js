// What is painted: the camera, a film, a picture. Each has `element` to draw from, and says if it moves.

const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

/** Open a camera; `facing` is "user" or "environment". Rejects as getUserMedia does. */
export async function openCamera(facing) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { ...CAMERA, facingMode: { ideal: facing } },
  });
  const element = newVideo();
  element.srcObject = stream;
  await element.play();
  const [track] = stream.getVideoTracks();
  // A camera that says nothing about itself is a laptop's, which looks at its user.
  const faces = track.getSettings().facingMode ?? 'user';
  return {
    kind: 'camera',
    element,
    moves: true,
    mirror: faces === 'user',
    track,
    size: () => [element.videoWidth, element.videoHeight],
    close: () => stream.getTracks().forEach((one) => one.stop()),
  };
}

/** How many cameras there are, as far as the browser tells. */
export async function countCameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices.filter((device) => device.kind === 'videoinput').length;
}

/** Open a file of the user's. Rejects if it is neither a picture nor a film that this browser knows. */
export async function openFile(file) {
  const address = URL.createObjectURL(file);
  try {
    return file.type.startsWith('video/') ? await openFilm(address) : await openPicture(address, file.name);
  } catch (error) {
    URL.revokeObjectURL(address);
    throw error;
  }
}

/** Open a picture at an address; it stays open until the next. */
export async function openPicture(address, name = '') {
  const element = new Image();
  element.src = address;
  await element.decode();
  return {
    kind: 'picture',
    element,
    name,
    moves: false,
    mirror: false,
    size: () => [element.naturalWidth, element.naturalHeight],
    close: () => URL.revokeObjectURL(address),
  };
}

async function openFilm(address) {
  const element = newVideo();
  element.src = address;
  element.loop = true;
  await element.play();
  return {
    kind: 'film',
    element,
    moves: true,
    mirror: false,
    size: () => [element.videoWidth, element.videoHeight],
    close: () => {
      element.pause();
      element.removeAttribute('src');
      element.load();
      URL.revokeObjectURL(address);
    },
  };
}

function newVideo() {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  return video;
}
