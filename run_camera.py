"""A webcam, a video or a folder of pictures becomes a painting, live: `python run_camera.py --help`."""

import sys

if __name__ == "__main__":
    try:
        from realtime.camera_command import main

        exit_code = main()
    except KeyboardInterrupt:  # Ctrl-C while Python is still importing
        exit_code = 130
    except ModuleNotFoundError as error:  # not even what the command line needs
        print(f'error: {error.name} is not installed; get it with: pip install -e ".[cpu]"', file=sys.stderr)
        exit_code = 2
    sys.exit(exit_code)
