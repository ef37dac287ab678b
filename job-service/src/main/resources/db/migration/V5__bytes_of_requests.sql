-- Bytes of an owner's single requests: the body of one that has not ended, the answer of one that has.
alter table job_owner add column job_bytes bigint default 0 not null;
update job_owner set job_bytes = (
  select coalesce(sum(case when status in ('queued', 'in_progress') then request_size else coalesce(answer_size, 0) end), 0)
  from job where job.owner = job_owner.owner
);
