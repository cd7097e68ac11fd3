// Says in words why nothing can work here. Classic, without modules: it has to run where those do not.
(function () {
  function say(text) {
    document.getElementById('notice-text').innerHTML = text;
    document.getElementById('notice').hidden = false;
    document.getElementById('notice-retry').hidden = true;
    document.getElementById('curtain').hidden = true;
    document.getElementById('welcome').hidden = true;
    document.getElementById('backend').textContent = 'Not running';
    window.cannotRun = true;
  }
  if (location.protocol === 'file:') {
    say(
      'Browsers run this page only when it is served. In its folder, type ' +
        '<code>python -m http.server</code> and open <code>http://localhost:8000</code>.'
    );
  } else if (
    !('noModule' in document.createElement('script')) ||
    !window.WebAssembly ||
    !window.OffscreenCanvas ||
    !window.DecompressionStream
  ) {
    say('This browser is too old for this page. Chrome or Edge 113, Firefox 114 and Safari 16.4 are the oldest that can.');
  }
})();
