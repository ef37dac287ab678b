package io.onnxfleet.jobs.execution.single;

import io.onnxfleet.jobs.execution.GatewayLines;
import io.onnxfleet.jobs.job.Job;
import io.onnxfleet.jobs.job.JobHeaders;
import io.onnxfleet.jobs.store.FileContent;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.channels.FileChannel;
import java.util.Map;

/**
 * A job's request, as its owner sent it.
 *
 * @param content the body, which may be read several times
 */
record JobQuestion(Job job, FileChannel content) implements GatewayLines.Question {

  @Override
  public String target() {
    return job.request().target();
  }

  @Override
  public String ownerStatement() {
    return job.ownerStatement();
  }

  @Override
  public Map<String, String> headers() {
    return JobHeaders.read(job.request().headers());
  }

  @Override
  public BodyPublisher body() {
    return job.request().size() == 0
        ? BodyPublishers.noBody()
        : BodyPublishers.fromPublisher(
            BodyPublishers.ofInputStream(() -> new FileContent(content)), job.request().size());
  }

  @Override
  public boolean wantsOneLine() {
    return false;
  }
}
