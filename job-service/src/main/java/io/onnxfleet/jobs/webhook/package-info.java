/**
 * Tells other systems that a job has ended: {@link io.onnxfleet.jobs.webhook.Webhooks} is what jobs
 * call, {@link io.onnxfleet.jobs.webhook.DeliveryWork} is a try, {@link
 * io.onnxfleet.jobs.webhook.WebhookSender} its request.
 */
@NullMarked
package io.onnxfleet.jobs.webhook;

import org.jspecify.annotations.NullMarked;
