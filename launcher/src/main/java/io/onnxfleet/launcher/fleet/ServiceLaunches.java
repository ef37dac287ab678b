package io.onnxfleet.launcher.fleet;

import io.onnxfleet.launcher.process.Launch;
import io.onnxfleet.launcher.process.Mark;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** How each service, and the supervisor, is started. */
interface ServiceLaunches {
  Launch of(Service service, int port, FleetSettings settings, Mark mark, Path output)
      throws IOException;

  List<String> supervisor(Mark mark);

  /** In which the supervisor runs. */
  Path supervisorFolder();
}
