/**
 * The blocklist over the API: blocks, single sources, the allow-list, and the list as text for routers that pull it.
 */
import express, { type Express, type Request, type Response } from 'express';
import { blocklist as limits } from '../../controller/limits.ts';
import type { Allowance } from '../../controller/network/blocklist.ts';
import { streamBlocklist } from './blocklist-text.ts';
import { requireJson } from './guards.ts';
import {
  type AllowanceObject,
  allowanceRequest,
  type BlockObject,
  blockRequest,
  moreSources,
  type UnblockedObject,
} from './objects.ts';
import { presentBlock } from './present.ts';
import { UnknownBlockError } from '../defence/errors.ts';
import { checked, notAllowed, param } from './requests.ts';
import type { ControllerView } from './view.ts';

export function addBlocklistRoutes(app: Express, controller: ControllerView): void {
  const { network, blocklist } = controller;
  const json = [requireJson, express.json({ limit: limits.bodyBytes })];

  app
    .route('/v1/blocks')
    .get((_request, response: Response<BlockObject[]>) => {
      response.json([...network.state.blocklist.blocks.values()].map(presentBlock));
    })
    .post(json, (request: Request, response: Response<BlockObject>) => {
      const { sources, origin = 'person', reason = '', guest, lastsMs } = checked(blockRequest, request.body);
      const block = blocklist.block({
        sources,
        origin,
        reason,
        ...(guest === undefined ? {} : { guest }),
        ...(lastsMs === undefined ? {} : { lasts: lastsMs }),
      });
      response.status(201).location(`/v1/blocks/${block.number}`).json(presentBlock(block));
    })
    .all(notAllowed('GET, HEAD, POST'));
  app
    .route('/v1/blocks/:number')
    .get((request, response: Response<BlockObject>) => {
      const number = numberOf(request);
      const block = network.state.blocklist.blocks.get(number);
      if (block === undefined) throw new UnknownBlockError(number);
      response.json(presentBlock(block));
    })
    .delete((request, response: Response<BlockObject>) => {
      response.json(presentBlock(blocklist.remove(numberOf(request))));
    })
    .all(notAllowed('GET, HEAD, DELETE'));
  app
    .route('/v1/blocks/:number/sources')
    .post(json, (request: Request, response: Response<BlockObject>) => {
      const { sources } = checked(moreSources, request.body);
      response.json(presentBlock(blocklist.add(numberOf(request), sources)));
    })
    .all(notAllowed('POST'));

  app
    .route('/v1/blocked-sources/:source')
    .delete((request, response: Response<UnblockedObject>) => {
      const { source, blocks } = blocklist.unblock(param(request, 'source'));
      response.json({ source, blocks: blocks.map(({ number }) => number) });
    })
    .all(notAllowed('DELETE'));

  app
    .route('/v1/allowed')
    .get((_request, response: Response<AllowanceObject[]>) => {
      response.json([...network.state.blocklist.allowed.values()].map(presentAllowance));
    })
    .post(json, (request: Request, response: Response<AllowanceObject>) => {
      const { source, reason = '' } = checked(allowanceRequest, request.body);
      response.status(201).json(presentAllowance(blocklist.allow(source, reason)));
    })
    .all(notAllowed('GET, HEAD, POST'));
  app
    .route('/v1/allowed/:source')
    .delete((request, response: Response<AllowanceObject>) => {
      response.json(presentAllowance(blocklist.disallow(param(request, 'source'))));
    })
    .all(notAllowed('DELETE'));

  app.route('/v1/blocklist').get(streamBlocklist(controller)).all(notAllowed('GET, HEAD'));
}

function numberOf(request: Request): number {
  const text = param(request, 'number');
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UnknownBlockError(text);
  return Number(text);
}

function presentAllowance({ source, reason, createdAt }: Allowance): AllowanceObject {
  return { source, reason, createdAt };
}
