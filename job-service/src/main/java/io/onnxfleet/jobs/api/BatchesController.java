package io.onnxfleet.jobs.api;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.batch.Batch;
import io.onnxfleet.jobs.batch.Batches;
import io.onnxfleet.jobs.file.Page;
import io.onnxfleet.jobs.inside.Owners;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** OpenAI's batches. */
@RestController
class BatchesController {
  private static final int LISTED = 20;
  private static final int MOST_LISTED = 100;

  private final Batches batches;

  BatchesController(Batches batches) {
    this.batches = batches;
  }

  @PostMapping(ApiPaths.BATCHES)
  ResponseEntity<ObjectNode> create(HttpServletRequest request) throws IOException {
    Owners owners = Owners.of(request);
    BatchBody body = BatchBody.read(request.getInputStream());
    Batch batch = batches.create(owners.owner(), owners.statement(), body.request());
    ResponseEntity.BodyBuilder answer = JsonAnswer.ok();
    if (!body.ignored().isEmpty()) {
      answer.header(HeaderNames.IGNORED, Ignored.written(body.ignored()));
    }
    return answer.body(Shapes.batch(batch));
  }

  @GetMapping(ApiPaths.BATCHES)
  ResponseEntity<ObjectNode> list(
      HttpServletRequest request,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    Page page = ListQuery.page(viewer(request), after, limit, LISTED, MOST_LISTED, false);
    return JsonAnswer.ok()
        .body(Shapes.list(batches.list(page), page.limit(), Shapes::batch, Batch::id));
  }

  @GetMapping(ApiPaths.BATCH)
  ResponseEntity<ObjectNode> get(HttpServletRequest request, @PathVariable String id) {
    return JsonAnswer.ok().body(Shapes.batch(batches.get(id, viewer(request))));
  }

  @PostMapping(ApiPaths.CANCEL_BATCH)
  ResponseEntity<ObjectNode> cancel(HttpServletRequest request, @PathVariable String id) {
    return JsonAnswer.ok().body(Shapes.batch(batches.cancel(id, viewer(request))));
  }

  private static WorkOwner viewer(HttpServletRequest request) {
    return Owners.of(request).owner();
  }
}
